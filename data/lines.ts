import { fillSql, loadSql } from "./sql.ts";
import { sqlText } from "./warehouse.ts";

/**
 * SQL of the stored lines of Parquet files under `lines/`, all columns, the `filename` and
 * the `file_row_number`. Everything that
 * reads lines reads them through this; control totals, which ask for amounts only, need not.
 */
export function storedLines(files: readonly string[]): string {
  const list = `[${files.map(sqlText).join(", ")}]`;
  return `(${fillSql(loadSql(new URL("./stored-line.sql", import.meta.url)), { files: [{ list }, "list"] })})`;
}
