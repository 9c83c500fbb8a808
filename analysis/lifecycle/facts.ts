import { join } from "node:path";
import { homePaths } from "../../data/files.ts";
import { loadSql } from "../../data/sql.ts";
import type { Session } from "../../data/warehouse.ts";
import { factView } from "../cluster-inputs.ts";

/** What is known of a namespace, before anything is concluded from it. NULL is not known. */
export interface NamespaceFacts {
  cluster: string;
  name: string;
  uid: string;
  created: string | null;
  isDeleting: boolean;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  inventory: {
    /** The oldest of the kinds' last scans; null where a kind that is needed was never read. */
    at: string | null;
    /** Since when all kinds are followed: what changed before is not known. */
    since: string | null;
    hash: string;
    changed: { at: string; what: string } | null;
    rolledOut: string | null;
    runningPods: number | null;
    things: readonly Thing[];
  };
  usage: {
    /** Share of the window with usage data, 0 to 1; null where there is none at all. */
    coverage: number | null;
    newest: string | null;
    workloads: readonly WorkloadUsage[];
  };
}

/** An object of the namespace, other than pods and replica sets. */
export interface Thing {
  kind: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  spec: Readonly<Record<string, unknown>>;
}

export interface WorkloadUsage {
  kind: string;
  name: string;
  lastRan: string;
  hours: number;
  /** Millicores; null where no usage is known. */
  cpuP99: number | null;
  cpuRequested: number | null;
  /** MiB. */
  memory: number | null;
  memorySpread: number | null;
  /** Bytes a second over the namespace's floor; null where the network is not measured. */
  network: number | null;
}

// Without one of these it cannot be said that nothing is there.
const NEEDED_KINDS = 18;

const FACT_COLUMNS = JSON.parse(
  loadSql(new URL("../models/fact-columns.json", import.meta.url)),
) as Record<string, Record<string, string>>;

export interface FactsOptions {
  home: string;
  now: Date;
  days: number;
  sources: readonly string[];
  clusters: readonly string[];
}

/** Reads the facts of all namespaces of the configured clusters out of the ledger. */
export async function readFacts(
  session: Session,
  options: FactsOptions,
): Promise<NamespaceFacts[]> {
  const { now, days, sources } = options;
  const until = Math.floor(now.getTime() / 1000);
  const from = until - days * 86_400;
  await views(session, options, from);
  const window = { from, until };
  const coverage = await session.rows<CoverageRow>(sql("coverage"), window);
  const usage = await session.rows<UsageRow>(sql("usage"), window);
  const rows = await session.rows<NamespaceRow>(sql("namespaces"), { sources });
  const byPlace = Map.groupBy(usage, (row) => `${row.cluster}/${row.namespace}`);
  return rows
    .filter(({ cluster }) => options.clusters.includes(cluster))
    .map((row) => {
      const covered = coverage.find(({ cluster }) => cluster === row.cluster);
      const complete = Number(row.kinds ?? 0) >= NEEDED_KINDS;
      return {
        cluster: row.cluster,
        name: row.name,
        uid: row.uid,
        created: row.created,
        isDeleting: row.deleting !== null,
        labels: parsed(row.labels),
        annotations: parsed(row.annotations),
        inventory: {
          at: complete ? row.scanned_oldest : null,
          since: complete ? row.history_since : null,
          hash: row.hash ?? "",
          changed:
            row.changed_at === null
              ? null
              : { at: row.changed_at, what: row.changed_what ?? "an object" },
          rolledOut: row.rolled_at,
          runningPods: complete ? Number(row.running ?? 0) : null,
          things: thingsOf(row.things),
        },
        usage: {
          coverage:
            covered === undefined || Number(covered.hours) === 0
              ? null
              : Math.min(1, Number(covered.hours) / (days * 24)) * Number(covered.share),
          newest: covered?.newest == null ? null : iso(Number(covered.newest) + 3600),
          workloads: (byPlace.get(`${row.cluster}/${row.name}`) ?? []).map(workloadOf),
        },
      };
    });
}

/** Views of the fact files that overlap the window. */
async function views(session: Session, options: FactsOptions, from: number): Promise<void> {
  const day = iso(from).slice(0, 10);
  const files = await session.rows<{ kind: string; parquet: string }>(
    `SELECT kind AS kind, parquet AS parquet FROM unit_fact
     WHERE day >= $day AND list_contains($sources, source) AND list_contains($clusters, cluster)
     ORDER BY parquet`,
    { day, sources: options.sources, clusters: options.clusters },
  );
  const { facts } = homePaths(options.home);
  for (const kind of ["pod_day", "usage_hour", "node_hour"])
    await session.run(
      `CREATE OR REPLACE TEMP VIEW ${kind} AS ${factView(
        FACT_COLUMNS[kind] ?? {},
        files
          .filter((file) => file.kind === kind)
          .map(({ parquet }) => ({ path: join(facts, parquet.slice("facts/".length)) })),
      )}`,
    );
}

interface CoverageRow {
  cluster: string;
  hours: string | number | bigint;
  share: number;
  newest: string | number | bigint | null;
}

interface UsageRow {
  cluster: string;
  namespace: string;
  kind: string;
  workload: string;
  last_s: string | number | bigint;
  hours: string | number | bigint;
  cpu_p99: number | null;
  cpu_requested: number | null;
  mem: number | null;
  mem_spread: number | null;
  net: number | null;
}

interface NamespaceRow {
  cluster: string;
  name: string;
  uid: string;
  created: string | null;
  deleting: string | null;
  labels: string;
  annotations: string;
  changed_at: string | null;
  changed_what: string | null;
  rolled_at: string | null;
  hash: string | null;
  running: string | number | bigint | null;
  things: string | null;
  scanned_oldest: string | null;
  scanned_newest: string | null;
  history_since: string | null;
  kinds: string | number | bigint | null;
}

function workloadOf(row: UsageRow): WorkloadUsage {
  const known = (value: number | null) => (value === null ? null : Number(value));
  return {
    kind: row.kind,
    name: row.workload,
    lastRan: iso(Number(row.last_s)),
    hours: Number(row.hours),
    cpuP99: known(row.cpu_p99),
    cpuRequested: known(row.cpu_requested),
    memory: known(row.mem),
    memorySpread: known(row.mem_spread),
    network: known(row.net),
  };
}

function thingsOf(text: string | null): Thing[] {
  const list = JSON.parse(text ?? "[]") as
    | { kind: string; name: string; labels: string; annotations: string; spec: string }[]
    | null;
  return (list ?? []).map((thing) => ({
    kind: thing.kind,
    name: thing.name,
    labels: parsed(thing.labels),
    annotations: parsed(thing.annotations),
    spec: parsed(thing.spec),
  }));
}

/** JSON as the ledger holds it; within JSON of the engine's it comes parsed. */
function parsed(text: string | Record<string, string>): Record<string, string> {
  return typeof text === "string" ? (JSON.parse(text) as Record<string, string>) : text;
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function sql(name: "namespaces" | "usage" | "coverage"): string {
  return loadSql(new URL(`./${name}.sql`, import.meta.url));
}
