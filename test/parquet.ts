import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type ColumnData, type ParquetColumn, ParquetWriter } from "../data/parquet.ts";

export type Cell = string | number | null;

/** Columns of `usage_5m`. */
export const USAGE = {
  cluster: "VARCHAR",
  at: "BIGINT",
  node: "VARCHAR",
  namespace: "VARCHAR",
  pod: "VARCHAR",
  pod_uid: "VARCHAR",
  container: "VARCHAR",
  seconds: "INTEGER",
  cpu_avg: "BIGINT",
  cpu_max: "BIGINT",
  mem_avg: "BIGINT",
  mem_max: "BIGINT",
  cpu_request: "BIGINT",
  mem_request: "BIGINT",
  cpu_limit: "BIGINT",
  mem_limit: "BIGINT",
  throttled_ms: "BIGINT",
  oom_kills: "INTEGER",
  restarts: "INTEGER",
} as const;

/** A small Parquet file; text and numbers by what the first row holds. */
export async function parquet(
  path: string,
  columns: Readonly<Record<string, "VARCHAR" | "BIGINT" | "INTEGER">>,
  rows: readonly Readonly<Record<string, Cell>>[],
): Promise<{ sha256: string; rows: number }> {
  await mkdir(dirname(path), { recursive: true });
  const list = Object.entries(columns).map(([name, type]): ParquetColumn => ({
    name,
    type,
    optional: true,
  }));
  const writer = new ParquetWriter(path, list);
  writer.group(
    list.map(({ name, type }): ColumnData => {
      if (type !== "VARCHAR")
        return Float64Array.from(rows, (row) => (row[name] === null ? NaN : Number(row[name])));
      const dictionary = [...new Set(rows.map((row) => String(row[name] ?? "")))];
      const places = new Map(dictionary.map((text, place) => [text, place]));
      return {
        dictionary,
        indices: Int32Array.from(rows, (row) =>
          row[name] == null ? -1 : (places.get(String(row[name])) as number),
        ),
      };
    }),
    rows.length,
  );
  return writer.finish();
}
