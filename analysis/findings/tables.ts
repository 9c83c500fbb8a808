import { loadSql } from "../../data/sql.ts";
import type { Session } from "../../data/warehouse.ts";

/** Tables of the findings file: by table and column the type, and what it means. */
const TABLES = JSON.parse(loadSql(new URL("./columns.json", import.meta.url))) as Record<
  string,
  Record<string, readonly [type: string, means: string]>
>;

/** Names of the tables of findings, in the order they are made. */
export const FINDING_TABLES: readonly string[] = Object.keys(TABLES);

/** Columns of a table of findings, with their types, in order. */
export function findingColumns(table: string): [name: string, type: string][] {
  return Object.entries(TABLES[table] ?? {}).map(([name, [type]]) => [name, type]);
}

/** Hours are packed already: looking for another packing takes longer than writing them. */
const packing = (type: string) => (type === "BLOB" ? " USING COMPRESSION uncompressed" : "");

/** Makes every table of findings, empty, in the schema in use. */
export async function makeFindingTables(session: Session): Promise<void> {
  for (const table of FINDING_TABLES)
    await session.run(
      `CREATE TABLE ${table} (${findingColumns(table)
        .map(([name, type]) => `${name} ${type}${packing(type)}`)
        .join(", ")})`,
    );
}
