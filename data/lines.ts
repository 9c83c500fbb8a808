import { LINE_COLUMNS, SQL_TYPES } from "./line-columns.ts";
import { fillSql, loadSql } from "./sql.ts";
import { sqlText } from "./warehouse.ts";

/** All columns, of no line: what a file leaves out reads as NULL. */
const NONE = `SELECT ${[
  ...Object.entries(LINE_COLUMNS).map(([column, kind]) => [column, SQL_TYPES[kind]]),
  ["filename", "VARCHAR"],
  ["file_row_number", "BIGINT"],
]
  .map(([column, type]) => `CAST(NULL AS ${type}) AS ${column}`)
  .join(", ")} WHERE false`;

/**
 * SQL of the lines of Parquet files under `lines/` as they were written: all columns, the `filename`
 * and the `file_row_number`. A file holds the columns that its bill could fill.
 */
export function writtenLines(files: readonly string[]): string {
  if (files.length === 0) return `(${NONE})`;
  return `(${NONE} UNION ALL BY NAME SELECT * FROM read_parquet([${files.map(sqlText).join(", ")}], union_by_name = true, filename = true, file_row_number = true))`;
}

/**
 * SQL of the same lines as they read: with what follows from what is written. Everything that reads
 * lines reads them through this; control totals, which ask for amounts only, need not.
 */
export function storedLines(files: readonly string[]): string {
  return `(${fillSql(loadSql(new URL("./stored-line.sql", import.meta.url)), { written: [{ lines: writtenLines(files) }, "lines"] })})`;
}
