import { monthBounds } from "../data/period.ts";
import { loadSql } from "../data/sql.ts";
import { type Session, sqlName, sqlText } from "../data/warehouse.ts";

/**
 * What a person may see of a published month: `visible_*` macros that take the caller's scope, team
 * ids or NULL for all. Months of an older version lack what clusters brought; those stand empty.
 */

/** One month's file, attached. */
export interface AttachedMonth {
  month: string;
  catalog: string;
  schema: string;
}

/** Tables with a team column: cut to the caller's scope. */
const BY_TEAM = {
  spend: "team",
  spend_month: "team",
  spend_resource: "team",
  spend_workload: "team",
  allocation_day: "team",
  consumer_day: "team",
  line: "x_team",
  unused_commitment: "team",
  restatement: "team",
  team_version: "team",
} as const;
/** Tables about the whole company: empty for a caller with a scope, since totals leak by subtraction. */
const WHOLE = [
  "imported",
  "repair",
  "stated",
  "check_result",
  "rejected",
  "month_unit",
  "control",
  "cause",
] as const;

/** Tables of clusters with their columns; a test holds them to what a build publishes. */
export const CLUSTER_COLUMNS = JSON.parse(
  loadSql(new URL("./models/cluster-columns.json", import.meta.url)),
) as Record<string, Record<string, string>>;

/** Tables that months of an older version lack altogether. */
const LATER_TABLES: Readonly<Record<string, Record<string, string>>> = {
  ...CLUSTER_COLUMNS,
  cause: { name: "VARCHAR", hash: "VARCHAR", text: "VARCHAR" },
};

/** Columns that clusters brought to tables there were before, and what stands for them in older months. */
const ADDED: Readonly<Record<string, Record<string, string>>> = {
  spend: { policy: "CAST(NULL AS VARCHAR)", cluster: "''", namespace: "''" },
  spend_month: { policy: "CAST(NULL AS VARCHAR)", cluster: "''", namespace: "''" },
  spend_resource: { policy: "CAST(NULL AS VARCHAR)" },
  line: { x_cluster: "CAST(NULL AS VARCHAR)" },
  split: { basis: "CAST(NULL AS VARCHAR)" },
  weight: {
    mark: "CAST(sum(weight) OVER (PARTITION BY split_id ORDER BY consumer_id) AS BIGINT)",
  },
};

/**
 * Tables of clusters cut to the caller's consumers; `from(table)` is the table itself. Without a scope
 * the lists of what is theirs stay empty, and nothing is looked up.
 */
const BY_CONSUMER: Readonly<Record<string, (from: (table: string) => string) => string>> = {
  consumer: (from) =>
    `SELECT c.* FROM ${from("consumer")} AS c WHERE scope IS NULL OR c.consumer_id IN (SELECT consumer_id FROM ${from("consumer_day")} WHERE list_contains(scope, team))`,
  split: (from) =>
    `SELECT s.* FROM ${from("split")} AS s WHERE scope IS NULL OR s.split_id IN (${theirSplits(from)})`,
  weight: (from) =>
    `SELECT w.* FROM ${from("weight")} AS w WHERE scope IS NULL OR (w.split_id, w.consumer_id) IN (${theirs(from)})`,
  // What a split's weights add up to is what makes a weight a part of something.
  split_whole: (from) =>
    `SELECT split_id AS split_id, CAST(sum(weight) AS BIGINT) AS whole FROM ${from("weight")} WHERE scope IS NULL OR split_id IN (${theirSplits(from)}) GROUP BY split_id`,
  cluster_line: (from) =>
    `SELECT l.*, hash(l.split_kind, l.cluster, l.split_key, l.day) AS split_id FROM ${from("cluster_line")} AS l WHERE scope IS NULL OR hash(l.split_kind, l.cluster, l.split_key, l.day) IN (${theirSplits(from)})`,
  // The bill's lines that are divided have no owner of their own: whoever has a share may see them.
  split_line: (from) =>
    `SELECT l.* FROM ${from("line")} AS l WHERE l.x_bucket = '__split__' AND (scope IS NULL OR l.line_id IN (SELECT line_id FROM ${from("cluster_line")} WHERE hash(split_kind, cluster, split_key, day) IN (${theirSplits(from)})))`,
  node_day: (from) =>
    `SELECT n.* FROM ${from("node_day")} AS n WHERE scope IS NULL OR (n.cluster, n.node, n.day) IN (SELECT (cluster, split_key, day) FROM ${from("split")} WHERE split_kind = 'node' AND split_id IN (${theirSplits(from)}))`,
  usage_day: (from) =>
    `SELECT u.* FROM ${from("usage_day")} AS u WHERE scope IS NULL OR (u.day, u.cluster, u.namespace, u.workload_kind, u.workload) IN (SELECT (d.day, c.cluster, c.namespace, c.workload_kind, c.workload) FROM ${from("consumer")} AS c JOIN ${from("consumer_day")} AS d ON d.consumer_id = c.consumer_id WHERE list_contains(scope, d.team))`,
};

function theirs(from: (table: string) => string): string {
  return `SELECT (s.split_id, d.consumer_id) FROM ${from("consumer_day")} AS d JOIN ${from("split")} AS s ON s.day = d.day WHERE list_contains(scope, d.team)`;
}

function theirSplits(from: (table: string) => string): string {
  return `SELECT w.split_id FROM ${from("weight")} AS w JOIN ${from("split")} AS s ON s.split_id = w.split_id JOIN ${from("consumer_day")} AS d ON d.consumer_id = w.consumer_id AND d.day = s.day WHERE list_contains(scope, d.team)`;
}

/** The schema whose macros see no rows; for "the month before" where there is none. */
export const NOTHING = "nothing";
const EVERY = "every";

/** Makes each month's macros, those of no month and those over every month; and `units_of` with its kin. */
export async function makeVisible(
  session: Session,
  months: readonly AttachedMonth[],
): Promise<void> {
  const first = months[0];
  if (first === undefined) return;
  for (const file of ["./models/05-macros.sql", "./visible-macros.sql"])
    await session.script(loadSql(new URL(file, import.meta.url)).replaceAll("TEMP MACRO", "MACRO"));
  const known = new Set(
    (
      await session.rows<{ place: string }>(
        "SELECT concat_ws(' ', database_name, table_name, column_name) AS place FROM duckdb_columns()",
      )
    ).map((row) => row.place),
  );
  const tableOf = (month: AttachedMonth) => (table: string) => {
    const there = `${sqlName(month.catalog)}.main.${table}`;
    const has = (column: string) => known.has(`${month.catalog} ${table} ${column}`);
    const columns = LATER_TABLES[table];
    const [one] = Object.keys(columns ?? {});
    if (columns !== undefined && one !== undefined && !has(one))
      return `(SELECT ${Object.entries(columns)
        .map(([name, type]) => `CAST(NULL AS ${type}) AS ${name}`)
        .join(", ")} LIMIT 0)`;
    const missing = Object.entries(ADDED[table] ?? {}).filter(([column]) => !has(column));
    return missing.length === 0
      ? there
      : `(SELECT ${missing.map(([name, value]) => `${value} AS ${name}`).join(", ")}, * FROM ${there})`;
  };
  for (const month of months) await monthMacros(session, month.schema, tableOf(month));
  await monthMacros(
    session,
    NOTHING,
    (table) => `(SELECT * FROM ${tableOf(first)(table)} LIMIT 0)`,
  );
  await session.script(`CREATE SCHEMA ${EVERY}`);
  const union = (table: string, where: (month: AttachedMonth) => string) =>
    months
      .map((month) => `SELECT * FROM ${month.schema}.visible_${table}(scope)${where(month)}`)
      .join(" UNION ALL BY NAME ");
  const everyMonth = async (table: string, where: (month: AttachedMonth) => string = () => "") =>
    session.script(`CREATE MACRO ${EVERY}.visible_${table}(scope) AS TABLE ${union(table, where)}`);
  await everyMonth("spend_month");
  await everyMonth("allocation_day");
  // A day that another month's bill corrects stands in that month's file too.
  await everyMonth("usage_day", ({ month }) => {
    const { start, end } = monthBounds(month);
    return ` WHERE day >= CAST(${sqlText(start)} AS DATE) AND day < CAST(${sqlText(end)} AS DATE)`;
  });
}

async function monthMacros(
  session: Session,
  schema: string,
  from: (table: string) => string,
): Promise<void> {
  await session.script(`CREATE SCHEMA ${schema}`);
  const macro = async (table: string, select: string) =>
    session.script(`CREATE MACRO ${schema}.visible_${table}(scope) AS TABLE ${select}`);
  for (const [table, column] of Object.entries(BY_TEAM))
    await macro(
      table,
      `SELECT * FROM ${from(table)} WHERE scope IS NULL OR list_contains(scope, ${column})`,
    );
  for (const table of WHOLE) await macro(table, `SELECT * FROM ${from(table)} WHERE scope IS NULL`);
  for (const [table, select] of Object.entries(BY_CONSUMER)) await macro(table, select(from));
}
