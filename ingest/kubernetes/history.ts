import { loadSql } from "../../data/sql.ts";
import { type Session, sqlText } from "../../data/warehouse.ts";

/**
 * The dated history of a cluster's objects. One scan says what stands at its instant; rows end and
 * begin there. A kind the scan did not read to the end is left alone.
 */

/** A landed scan, ready to be written into the history. */
export interface HistoryScan {
  source: string;
  cluster: string;
  /** ISO 8601 with milliseconds, UTC. */
  at: string;
  kinds: readonly { kind: string; path: string; objects: number }[];
}

const LANDED_COLUMNS = {
  kind: "VARCHAR",
  namespace: "VARCHAR",
  name: "VARCHAR",
  uid: "VARCHAR",
  created: "VARCHAR",
  labels: "JSON",
  annotations: "JSON",
  controllerKind: "VARCHAR",
  controllerName: "VARCHAR",
  controllerUid: "VARCHAR",
  nodeName: "VARCHAR",
  node: "VARCHAR",
  spec: "JSON",
};
// The largest object etcd takes is 1.5 MB; the engine sets aside a multiple of this.
const LONGEST_LINE = 4 << 20;

/** Makes the scratch tables of this session; outside of the transaction that uses them. */
export async function prepareHistory(session: Session): Promise<void> {
  const common =
    "kind VARCHAR, namespace VARCHAR, name VARCHAR, uid VARCHAR, created VARCHAR, labels VARCHAR, annotations VARCHAR";
  await session.run(
    `CREATE TEMP TABLE IF NOT EXISTS inventory_landed (${common}, controller_kind VARCHAR, controller_name VARCHAR, controller_uid VARCHAR, node_name VARCHAR, node VARCHAR, spec VARCHAR)`,
  );
  await session.run(
    `CREATE TEMP TABLE IF NOT EXISTS inventory_seen (${common}, owner_kind VARCHAR, owner_name VARCHAR, node VARCHAR, spec VARCHAR)`,
  );
}

/** True where a cluster has a history already. */
export async function hasHistory(
  session: Session,
  key: { source: string; cluster: string },
): Promise<boolean> {
  const rows = await session.rows(
    "SELECT 1 AS one FROM inventory_scan WHERE source = $source AND cluster = $cluster LIMIT 1",
    { source: key.source, cluster: key.cluster },
  );
  return rows.length > 0;
}

/**
 * Writes one scan; runs inside the caller's transaction, after `prepareHistory`. A kind that this scan
 * or a later one was written for already is left as it is, so that writing a scan twice changes nothing.
 */
export async function writeHistory(session: Session, scan: HistoryScan): Promise<void> {
  const key = { source: scan.source, cluster: scan.cluster };
  const done = await session.rows<{ kind: string }>(
    "SELECT kind AS kind FROM inventory_scan WHERE source = $source AND cluster = $cluster AND last_at >= $at",
    { ...key, at: scan.at },
  );
  const later = new Set(done.map(({ kind }) => kind));
  const fresh = scan.kinds.filter(({ kind }) => !later.has(kind));
  if (fresh.length === 0) return;
  await session.run("DELETE FROM inventory_landed");
  await session.run("DELETE FROM inventory_seen");
  const columns = Object.entries(LANDED_COLUMNS)
    .map(([name, type]) => `${sqlText(name)}: ${sqlText(type)}`)
    .join(", ");
  for (const { path } of fresh)
    await session.run(
      `INSERT INTO inventory_landed
       SELECT kind, namespace, name, uid, created, CAST(labels AS VARCHAR), CAST(annotations AS VARCHAR),
         controllerKind, controllerName, controllerUid, nodeName, node, CAST(spec AS VARCHAR)
       FROM read_json(${sqlText(path)}, format = 'newline_delimited', compression = 'gzip', columns = {${columns}}, maximum_object_size = ${LONGEST_LINE})`,
    );
  const kinds = fresh.map(({ kind }) => kind);
  const params = { ...key, at: scan.at, kinds };
  await session.run(`INSERT INTO inventory_seen ${sql("resolve")}`, key);
  await session.run(sql("close"), params);
  await session.run(sql("open"), params);
  for (const { kind, objects } of fresh) {
    const first = await session.rows<{ first_at: string }>(
      "SELECT first_at AS first_at FROM inventory_scan WHERE source = $source AND cluster = $cluster AND kind = $kind",
      { ...key, kind },
    );
    await session.run(
      "DELETE FROM inventory_scan WHERE source = $source AND cluster = $cluster AND kind = $kind",
      { ...key, kind },
    );
    await session.run(
      "INSERT INTO inventory_scan (source, cluster, kind, first_at, last_at, objects) VALUES ($source, $cluster, $kind, $first, $at, $objects)",
      { ...key, kind, first: first[0]?.first_at ?? scan.at, at: scan.at, objects },
    );
  }
}

function sql(name: "resolve" | "close" | "open"): string {
  return loadSql(new URL(`${name}.sql`, import.meta.url));
}
