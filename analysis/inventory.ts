import type { Session } from "../data/warehouse.ts";

/** Names of the configured sources and clusters; what others once brought in does not count. */
export type Known = { sources: string[]; clusters: string[] };

/**
 * What the Kubernetes source knows of nodes and of namespaces, day by day: for days and objects that
 * Prometheus has no labels of. Of several states in one day the last counts.
 */
export async function prepareInventory(
  session: Session,
  month: string,
  known: Known,
): Promise<void> {
  await session.run(
    `CREATE OR REPLACE TEMP TABLE inventory_node AS
     SELECT cluster AS cluster, name AS name, max(node) AS node
     FROM work.inventory
     WHERE kind = 'Node' AND node IS NOT NULL AND list_contains($sources, source) AND list_contains($clusters, cluster)
     GROUP BY cluster, name`,
    known,
  );
  await session.run(
    `CREATE OR REPLACE TEMP TABLE inventory_namespace AS
     SELECT i.cluster AS cluster, d.day AS day, i.name AS namespace, arg_max(i.labels, i.valid_from) AS labels, arg_max(i.annotations, i.valid_from) AS annotations
     FROM work.inventory AS i
     JOIN (
       SELECT CAST(unnest(generate_series(CAST($month || '-01' AS DATE) - 31, CAST($month || '-01' AS DATE) + 62, INTERVAL 1 DAY)) AS DATE) AS day
     ) AS d
       ON CAST(i.valid_from AS TIMESTAMPTZ) < CAST(d.day + 1 AS TIMESTAMPTZ)
       AND (i.valid_to IS NULL OR CAST(i.valid_to AS TIMESTAMPTZ) > CAST(d.day AS TIMESTAMPTZ))
     WHERE i.kind = 'Namespace' AND list_contains($sources, i.source) AND list_contains($clusters, i.cluster)
     GROUP BY i.cluster, d.day, i.name`,
    { ...known, month },
  );
}

/** A hash of what the inventory says of the month, for its fingerprint. */
export async function inventoryHash(
  session: Session,
  month: string,
  known: Known,
): Promise<string> {
  if (known.clusters.length === 0) return "";
  await prepareInventory(session, month, known);
  const row = await session.one<{ nodes: string; namespaces: string }>(
    `SELECT
       (SELECT CAST(coalesce(bit_xor(hash(n.cluster, n.name, n.node)), 0) AS VARCHAR) FROM inventory_node AS n) AS nodes,
       (SELECT CAST(coalesce(bit_xor(hash(n.cluster, n.day, n.namespace, n.labels, n.annotations)), 0) AS VARCHAR) FROM inventory_namespace AS n WHERE n.day BETWEEN CAST($month || '-01' AS DATE) AND last_day(CAST($month || '-01' AS DATE))) AS namespaces`,
    { month },
  );
  return `${row.nodes} ${row.namespaces}`;
}
