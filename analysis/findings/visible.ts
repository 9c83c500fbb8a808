import { type Session, sqlName } from "../../data/warehouse.ts";
import { FINDING_TABLES, findingColumns } from "./tables.ts";

/** The name the findings file is attached under. */
export const FINDINGS_FILE = "findings_file";
/** The schema of what a person may see of it: `findings.visible_TABLE($scope)`. */
const SCHEMA = "findings";

/**
 * Makes `findings.visible_*(scope)`, one for each table: cut to the caller's teams by its `team`, or by
 * that of the recommendation its `series_id` belongs to; what has neither is about the whole company
 * and empty for a caller with a scope. Tables a file of an older version lacks, and all of them where
 * none is published, stand empty.
 */
export async function makeVisibleFindings(session: Session, attached: boolean): Promise<void> {
  await session.script(`CREATE SCHEMA ${SCHEMA}`);
  const known = new Set(
    (
      await session.rows<{ place: string }>(
        "SELECT concat_ws(' ', table_name, column_name) AS place FROM duckdb_columns() WHERE database_name = $name",
        { name: FINDINGS_FILE },
      )
    ).map((row) => row.place),
  );
  const from = (table: string) => {
    const columns = findingColumns(table);
    const there = attached && columns.some(([name]) => known.has(`${table} ${name}`));
    const list = columns
      .map(([name, type]) =>
        there && known.has(`${table} ${name}`)
          ? `${sqlName(name)} AS ${sqlName(name)}`
          : `CAST(NULL AS ${type}) AS ${sqlName(name)}`,
      )
      .join(", ");
    return `(SELECT ${list}${there ? ` FROM ${FINDINGS_FILE}.main.${table}` : " LIMIT 0"})`;
  };
  for (const table of FINDING_TABLES) {
    const has = (column: string) => findingColumns(table).some(([name]) => name === column);
    const theirs = has("team")
      ? "scope IS NULL OR list_contains(scope, t.team)"
      : has("series_id")
        ? `scope IS NULL OR t.series_id IN (SELECT r.series_id FROM ${from("recommendation")} AS r WHERE list_contains(scope, r.team))`
        : "scope IS NULL";
    await session.script(
      `CREATE MACRO ${SCHEMA}.visible_${table}(scope) AS TABLE SELECT t.* FROM ${from(table)} AS t WHERE ${theirs}`,
    );
  }
}
