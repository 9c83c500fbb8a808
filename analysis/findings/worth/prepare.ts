import { loadSql } from "../../../data/sql.ts";
import { sqlText } from "../../../data/warehouse.ts";
import { type Fact, knownTo, tables } from "../../inputs.ts";
import type { FindingsContext } from "../context.ts";

/** Temporary tables that findings of worth are made from; what each holds says the head of its file. */

const read = (name: string) => loadSql(new URL(`./${name}.sql`, import.meta.url));

const BILL = JSON.parse(loadSql(new URL("./bill-columns.json", import.meta.url))) as Record<
  string,
  Record<string, string>
>;
const FACTS = JSON.parse(loadSql(new URL("./fact-columns.json", import.meta.url))) as Record<
  string,
  Record<string, string>
>;

/** Kinds of usage facts that are read beside the five-minute samples. */
export const WORTH_FACTS: readonly string[] = Object.keys(FACTS);

/** Months of the bill that are looked back on: what is older than that is only known to be older. */
export const LOOK_BACK_MONTHS = 6;

/** Views over the months' tables, by the name they have here. */
const VIEWS: Readonly<Record<string, string>> = {
  bill: "line",
  bill_cluster_line: "cluster_line",
  month_node: "node_day",
  month_resource: "spend_resource",
  month_allocation: "allocation_day",
};

/** In the order they read one another. */
const TABLES = [
  "vm_value",
  "pod_workload",
  "resource_day",
  "resource",
  "resource_owner",
  "group_type",
  "plan_app",
  "commitment",
  "volume_disk",
  "volume_seen",
  "volume_state",
  "volume_known",
  "service_seen",
  "address_service",
  "internal_service",
  "workload_cost",
  "pool_day",
  "pool_cost",
  "pool_value",
  "pool_node_hour",
  "node_steady",
  "pod_steady",
  "container_use",
  "container_steady",
  "container_pool",
  "pool_hour",
  "pool_pod",
  "pool_node",
] as const;

/** The days findings are about, `YYYY-MM-DD`. */
export interface Span {
  /** The oldest charge day looked at. */
  seen_from: string;
  /** The first day of the money's window, 30 days long. */
  window_from: string;
  /** The newest charge day. */
  until: string;
}

/** Makes the tables; null where no bill has a usage line. */
export async function prepareWorth(context: FindingsContext): Promise<Span | null> {
  const { session, settings, inputs } = context;
  await session.script(loadSql(new URL("../../models/05-macros.sql", import.meta.url)));
  await monthViews(context);
  for (const [kind, columns] of Object.entries(FACTS))
    await session.run(
      `CREATE OR REPLACE TEMP VIEW ${kind} AS ${factView(
        columns,
        inputs.worth.filter((fact) => fact.kind === kind),
      )}`,
    );
  const table = tables(session);
  const [, ...weights] = loadSql(new URL("../../models/vm-weights.csv", import.meta.url))
    .trim()
    .split("\n");
  await table(
    "vm_weight",
    "family VARCHAR, cpu BIGINT, gib BIGINT",
    weights.map((line) => {
      const [family = "", cpu, gib] = line.split(",");
      return [family, Number(cpu), Number(gib)];
    }),
  );
  await table(
    "cluster_until",
    "cluster VARCHAR, until BIGINT",
    inputs.windows.map(({ cluster, until }) => [cluster, until]),
  );
  await session.run(
    `CREATE OR REPLACE TEMP TABLE span AS
     SELECT min(x_day) AS seen_from, max(x_day) - 29 AS window_from, max(x_day) AS until
     FROM bill WHERE charge_category = 'Usage' AND x_day <= CAST($today AS DATE)`,
    { today: context.now.toISOString().slice(0, 10) },
  );
  const span = await session.one<{ [key in keyof Span]: string | null }>(
    "SELECT CAST(seen_from AS VARCHAR) AS seen_from, CAST(window_from AS VARCHAR) AS window_from, CAST(until AS VARCHAR) AS until FROM span",
  );
  if (span.until === null) return null;
  const { window_from, until } = span as Span;
  await session.run(
    `CREATE OR REPLACE TEMP VIEW window_usage_hour AS ${factView(
      FACTS["usage_hour"] ?? {},
      inputs.worth.filter(
        ({ kind, day }) => kind === "usage_hour" && window_from <= day && day <= until,
      ),
    )}`,
  );
  for (const name of TABLES) {
    context.signal.throwIfAborted();
    const sql = read(name);
    await session.run(
      `CREATE OR REPLACE TEMP TABLE ${name} AS ${sql}`,
      sql.includes("$sources") ? knownTo(settings) : {},
    );
  }
  return span as Span;
}

/** One view over all looked-back months a table; months of an older version lack some and are left out. */
async function monthViews({ session, months }: FindingsContext): Promise<void> {
  const known = new Set(
    (
      await session.rows<{ place: string }>(
        "SELECT concat_ws(' ', database_name, table_name, column_name) AS place FROM duckdb_columns()",
      )
    ).map((row) => row.place),
  );
  for (const [view, from] of Object.entries(VIEWS)) {
    const columns = Object.entries(BILL[from] ?? {});
    const parts = months
      .slice(-LOOK_BACK_MONTHS)
      .filter(({ catalog }) => columns.every(([name]) => known.has(`${catalog} ${from} ${name}`)))
      .map(
        ({ month, catalog }) =>
          `SELECT ${sqlText(month)} AS month, ${columns.map(([name]) => `${name} AS ${name}`).join(", ")} FROM ${catalog}.main.${from}`,
      );
    const none = `SELECT CAST(NULL AS VARCHAR) AS month, ${columns.map(([name, type]) => `CAST(NULL AS ${type}) AS ${name}`).join(", ")} LIMIT 0`;
    const all = parts.length === 0 ? none : parts.join(" UNION ALL ");
    const where = view === "month_resource" ? " WHERE policy IS NULL" : "";
    await session.run(`CREATE OR REPLACE TEMP VIEW ${view} AS SELECT * FROM (${all})${where}`);
  }
}

function factView(columns: Readonly<Record<string, string>>, facts: readonly Fact[]): string {
  const list = Object.entries(columns);
  if (facts.length === 0)
    return `SELECT ${list.map(([name, type]) => `CAST(NULL AS ${type}) AS ${name}`).join(", ")} LIMIT 0`;
  return `SELECT ${list.map(([name]) => `${name} AS ${name}`).join(", ")} FROM read_parquet([${facts
    .map((fact) => sqlText(fact.path))
    .join(", ")}])`;
}
