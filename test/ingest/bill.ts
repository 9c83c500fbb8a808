import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openWriter, sqlName, sqlText } from "../../data/warehouse.ts";

/** Bills of a few rows, written as Azure writes them in every container format. */

export type Cells = Readonly<Record<string, string>>;

const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export interface CsvOptions {
  bom?: boolean;
  eol?: string;
  /** What a column is called in the file. */
  rename?: (column: string) => string;
}

export function csv(
  columns: readonly string[],
  rows: readonly Cells[],
  options: CsvOptions = {},
): string {
  const { bom = true, eol = "\r\n", rename = (column) => column } = options;
  for (const row of rows)
    for (const name of Object.keys(row))
      if (!columns.includes(name)) throw new Error(`the bill has no column ${name}`);
  const lines = [columns.map(rename), ...rows.map((row) => columns.map((name) => row[name] ?? ""))];
  return `${bom ? "\ufeff" : ""}${lines.map((line) => line.map(cell).join(",") + eol).join("")}`;
}

/** A Parquet file with snappy pages; `types` are the SQL types of typed columns, all else is text. */
export async function parquet(
  folder: string,
  columns: readonly string[],
  rows: readonly Cells[],
  types: Readonly<Record<string, string>> = {},
  format = "COMPRESSION snappy",
): Promise<Uint8Array> {
  const path = join(folder, "made.parquet");
  const engine = await openWriter(":memory:");
  try {
    const session = await engine.session();
    const selects = rows.map(
      (row) =>
        `SELECT ${columns
          .map((name) => {
            const text = row[name] ?? "";
            const type = types[name] ?? "VARCHAR";
            const value = text === "" ? "NULL" : valueOf(text, type);
            return `CAST(${value} AS ${type}) AS ${sqlName(name)}`;
          })
          .join(", ")}`,
    );
    await session.run(
      `COPY (${selects.join(" UNION ALL ")}) TO ${sqlText(path)} (FORMAT parquet, ${format})`,
    );
    session.close();
  } finally {
    engine.close();
  }
  return readFile(path);
}

/** American dates become ISO on the way to a typed column. */
function valueOf(text: string, type: string): string {
  const us = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(text);
  if (us !== null && /TIMESTAMP|DATE/.test(type)) return sqlText(`${us[3]}-${us[1]}-${us[2]}`);
  if (type.startsWith("MAP")) return `MAP ${text}`;
  return sqlText(/TIMESTAMP/.test(type) ? text.replace("T00:00Z", "T00:00:00Z") : text);
}

export interface RunPart {
  name: string;
  content: string | Uint8Array;
  rows: number;
}

export interface ExportRun {
  root?: string;
  name: string;
  type: string;
  month: string;
  run: string;
  /** ISO without zone or fraction. */
  submitted: string;
  parts: RunPart[];
  scope?: string;
  overwrites?: boolean;
  manifestName?: string;
  /** Changes to the manifest before it is written. */
  change?: (manifest: Record<string, unknown>) => void;
}

export const SCOPE = "/subscriptions/0aaaaaaa-1111-2222-3333-444444444444";

const lastDay = (month: string) =>
  new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate();

/** The files of a run in Azure's current layout, manifest last. */
export function exportRun(run: ExportRun): Record<string, string | Uint8Array> {
  const { root = "finops", scope = SCOPE, overwrites = true, manifestName = "manifest.json" } = run;
  const end = `${run.month}-${lastDay(run.month)}`;
  const range = `${run.month}-01-${end}`.replaceAll(/(\d{4})-(\d\d)-(\d\d)/g, "$1$2$3");
  const folder = `${root}/${run.name}/${range}/${run.run}`;
  const blobs = run.parts.map((part) => ({
    blobName: `${folder}/${part.name}`,
    byteCount: Buffer.byteLength(part.content),
    dataRowCount: part.rows,
  }));
  const manifest: Record<string, unknown> = {
    manifestVersion: "2024-04-01",
    byteCount: blobs.reduce((sum, blob) => sum + blob.byteCount, 0),
    blobCount: blobs.length,
    dataRowCount: blobs.reduce((sum, blob) => sum + blob.dataRowCount, 0),
    exportConfig: {
      exportName: run.name,
      resourceId: `${scope}/providers/Microsoft.CostManagement/exports/${run.name}`,
      dataVersion: "1.2-preview",
      apiVersion: "2023-07-01-preview",
      type: run.type,
      timeFrame: "MonthToDate",
      granularity: "Daily",
    },
    deliveryConfig: {
      partitionData: true,
      dataOverwriteBehavior: overwrites ? "OverwritePreviousReport" : "CreateNewReport",
      fileFormat: "Csv",
      containerUri: `${scope}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/x`,
      rootFolderPath: root,
    },
    runInfo: {
      executionType: "Scheduled",
      submittedTime: `${run.submitted}.7047394Z`,
      runId: run.run,
      startDate: `${run.month}-01T00:00:00`,
      endDate: `${end}T00:00:00`,
    },
    blobs,
  };
  run.change?.(manifest);
  return {
    ...Object.fromEntries(run.parts.map((part) => [`${folder}/${part.name}`, part.content])),
    [`${folder}/${manifestName}`]: JSON.stringify(manifest),
  };
}

/** One CSV part, gzipped where the name says so. */
export function part(
  name: string,
  columns: readonly string[],
  rows: readonly Cells[],
  options: CsvOptions = {},
): RunPart {
  const text = csv(columns, rows, options);
  return { name, content: name.endsWith(".gz") ? gzipSync(text) : text, rows: rows.length };
}

/** Identifiers of runs, readable in a failure. */
export const runId = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
