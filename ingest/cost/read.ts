import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, asAppError, firstLine } from "../../data/errors.ts";
import { loadSql } from "../../data/sql.ts";
import { type Session, sqlName, sqlText } from "../../data/warehouse.ts";
import type { RejectedLine } from "../source.ts";
import { type Header, makeHeader, readCsvHeader, recogniseShape } from "./header.ts";
import { gunzipFile } from "./plain.ts";
import { verifyPages } from "./page-checksums.ts";
import { MAX_ROW, salvage } from "./salvage.ts";
import type { Dataset } from "./shapes.ts";
import { rawColumn, type Typing, typedSelect } from "./typed.ts";

export interface CostFile {
  /** As the provider names it, for messages. */
  name: string;
  /** Our copy of its bytes. */
  path: string;
  /** A NUL byte was seen while it was copied. */
  nul: boolean;
  dataset: Dataset | null;
  month: string | null;
  /** The cell that means "nothing" besides the empty one: FOCUS samples write NULL. */
  nullText: string | null;
}

export interface ReadFile {
  dataset: Dataset;
  rows: number;
  rejected: RejectedLine[];
}

// Small row groups: at the default size the string dictionaries of 65 columns cost three times the
// CPU of the parse itself (measured on 3 million rows of 1 kB), and each thread holds one row group in
// memory, twice. LZ4: zstd makes the files half as big for a third of the parse more.
const PARQUET = "(FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 4096)";
// A salvaged row carries its line and the start of its text beside its fields.
const MAX_CLEAN = MAX_ROW * 2;

/** Prepares a session for reading files. */
export async function prepareReading(session: Session): Promise<void> {
  await session.script(loadSql(new URL("./macros.sql", import.meta.url)));
}

/** What a file is, from its name; the bytes are checked when they are read. */
export function fileKind(name: string): "csv" | "gzip" | "parquet" | null {
  const lower = name.toLowerCase();
  if (lower.endsWith(".csv")) return "csv";
  if (lower.endsWith(".csv.gz") || lower.endsWith(".gz")) return "gzip";
  if (lower.endsWith(".parquet")) return "parquet";
  return null;
}

/**
 * Types one file of a bill into `out` (Parquet, our columns).
 *
 *   plain text -> strict read -> no bad row? done
 *                             -> else row by row (`salvage`), bad rows to the caller, the rest typed
 *
 * Rows in `out` + rejected rows = rows of the file; the caller compares with what was promised.
 */
export async function readCostFile(
  session: Session,
  file: CostFile,
  out: string,
  tmp: string,
  signal?: AbortSignal,
): Promise<ReadFile> {
  const kind = fileKind(file.name);
  if (kind === "parquet") return readParquet(session, file, out);
  const plain = join(tmp, "plain.csv");
  try {
    let path = file.path;
    let nul = file.nul;
    if (kind === "gzip") {
      ({ nul } = await gunzipFile(file.path, plain, file.name, signal));
      path = plain;
    }
    const header = await readCsvHeader(path, file.name);
    const typing = typingOf(file, header);
    const rows = nul ? null : await readStrict(session, typing, path, out, file.nullText);
    if (rows !== null) return { dataset: typing.dataset, rows, rejected: [] };
    return await readSlowly(session, typing, path, out, tmp, file.nullText);
  } finally {
    await rm(plain, { force: true });
  }
}

function typingOf(file: CostFile, header: Header): Typing {
  const shape = recogniseShape(header, file.dataset);
  const dataset =
    shape.name === "focus"
      ? "FocusCost"
      : shape.name === "payg"
        ? "Usage"
        : (file.dataset ?? datasetOfPath(file.name));
  return { header, shape, dataset, month: file.month };
}

/** Actual and amortised halves have the same header; without a manifest only the path tells. */
function datasetOfPath(name: string): Dataset {
  if (/amorti[sz]ed/i.test(name)) return "AmortizedCost";
  if (/actual/i.test(name)) return "ActualCost";
  throw new AppError(
    "HEADER_INVALID",
    `${name}: actual and amortised cost have the same header and this file has no manifest; put "actual" or "amortized" into its path, or set dataset on the source`,
  );
}

// Buffers of two rows of the largest kind: with the engine's own (sixteen) memory grows by hundreds of
// megabytes, and text leaves the processor's cache before it is split.
function csvSource(
  path: string,
  columns: readonly string[],
  header: boolean,
  nullText: string | null,
): string {
  const lines = header
    ? `max_line_size = ${MAX_ROW}, buffer_size = ${MAX_ROW * 2}`
    : `max_line_size = ${MAX_CLEAN}, buffer_size = ${MAX_CLEAN * 4}`;
  const types = columns.map((name) => `${sqlText(name)}: 'VARCHAR'`).join(", ");
  const nulls = nullText === null ? "" : `, nullstr = ['', ${sqlText(nullText)}]`;
  return `read_csv(${sqlText(path)}, auto_detect = false, header = ${header}, delim = ',', quote = '"', escape = '"', ${lines}${nulls}, columns = {${types}})`;
}

/** Null where a row is bad or the text is not one strict CSV; the slow road then says where. */
async function readStrict(
  session: Session,
  typing: Typing,
  path: string,
  out: string,
  nullText: string | null,
): Promise<number | null> {
  const columns = typing.header.names.map((_, position) => rawColumn(position));
  const select = typedSelect(typing);
  try {
    await session.run(
      `COPY (SELECT ${select.list} FROM ${select.inner(csvSource(path, columns, true, nullText))}) TO ${sqlText(out)} ${PARQUET}`,
    );
  } catch (error) {
    const message = (error as Error).message;
    if (/Invalid Input Error|Conversion Error/.test(message)) return null;
    throw asAppError(error, typing.header.file);
  }
  const { rows, bad } = await session.one<{ rows: string; bad: string }>(
    `SELECT count(*) AS rows, count(x_reject) AS bad FROM read_parquet(${sqlText(out)})`,
  );
  return bad === "0" ? Number(rows) : null;
}

async function readSlowly(
  session: Session,
  typing: Typing,
  path: string,
  out: string,
  tmp: string,
  nullText: string | null,
): Promise<ReadFile> {
  const clean = join(tmp, "clean.csv");
  try {
    const select = typedSelect(typing);
    const position = (column: string) => {
      const match = /^c(\d+)$/.exec(column);
      return match === null ? undefined : Number(match[1]);
    };
    const { rejected, records } = await salvage(path, clean, typing.header, {
      month: typing.month,
      amountColumn: position(select.amount),
      currencyColumn: position(select.currency),
    });
    const columns = ["x_line", "x_text", ...typing.header.names.map((_, n) => rawColumn(n))];
    const read = await typeWithLines(
      session,
      typing,
      csvSource(clean, columns, false, nullText),
      "CAST(x_line AS BIGINT)",
      "x_text",
      out,
      tmp,
    );
    const all = [...rejected, ...read.rejected].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    if (read.rows + all.length !== records)
      throw new AppError(
        "CONTROL_MISMATCH",
        `${typing.header.file}: ${records} rows were read but ${read.rows} stored and ${all.length} rejected`,
      );
    return { dataset: typing.dataset, rows: read.rows, rejected: all };
  } finally {
    await rm(clean, { force: true });
  }
}

/** Types a source whose rows know their line; splits the bad from the good. */
async function typeWithLines(
  session: Session,
  typing: Typing,
  source: string,
  line: string,
  text: string,
  out: string,
  tmp: string,
): Promise<{ rows: number; rejected: RejectedLine[] }> {
  const both = join(tmp, "both.parquet");
  const select = typedSelect(typing);
  try {
    await session.run(
      `COPY (SELECT ${line} AS x_line, ${text} AS x_text, ${select.amount} AS x_amount, ${select.currency} AS x_currency,\n  ${select.list} FROM ${select.inner(source)}) TO ${sqlText(both)} ${PARQUET}`,
    );
    const from = `FROM read_parquet(${sqlText(both)})`;
    await session.run(
      `COPY (SELECT ${select.columns.join(", ")}, x_reject ${from} WHERE x_reject IS NULL) TO ${sqlText(out)} ${PARQUET}`,
    );
    const bad = await session.rows<{
      x_line: string;
      x_text: string;
      x_reject: string;
      x_month: string | null;
      currency: string | null;
      amount: string | null;
    }>(
      `SELECT x_line, x_text, x_reject, x_month, CASE WHEN regexp_full_match(x_currency, '[A-Z]{3}') THEN x_currency END AS currency, money(x_amount) AS amount ${from} WHERE x_reject IS NOT NULL ORDER BY x_line`,
    );
    const { rows } = await session.one<{ rows: string }>(
      `SELECT count(*) AS rows FROM read_parquet(${sqlText(out)})`,
    );
    return {
      rows: Number(rows),
      rejected: bad.map((row) => ({
        file: typing.header.file,
        line: Number(row.x_line),
        reason: row.x_reject,
        text: row.x_text,
        month: row.x_month,
        currency: row.currency,
        amount: row.amount,
      })),
    };
  } catch (error) {
    throw asAppError(error, typing.header.file);
  } finally {
    await rm(both, { force: true });
  }
}

/** The engine looks at the end of a Parquet file only. */
async function checkMagic(file: CostFile): Promise<void> {
  const handle = await open(file.path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.toString("latin1", 0, bytesRead) !== "PAR1")
      throw new AppError(
        "FILE_INVALID",
        `${file.name}: this is not a Parquet file (it does not start with PAR1); export it again`,
      );
  } finally {
    await handle.close();
  }
}

async function readParquet(session: Session, file: CostFile, out: string): Promise<ReadFile> {
  await checkMagic(file);
  await verifyPages(file);
  // Writers of old leave out that a byte array is text.
  const source = `read_parquet(${sqlText(file.path)}, file_row_number = true, binary_as_string = true)`;
  let columns: { column_name: string; column_type: string }[];
  try {
    columns = await session.rows(`DESCRIBE SELECT * FROM ${source}`);
  } catch (error) {
    throw new AppError(
      "FILE_INVALID",
      `${file.name}: this is not a readable Parquet file (${firstLine((error as Error).message)}); export it again`,
      { cause: error },
    );
  }
  const kept = columns.filter((column) => column.column_name !== "file_row_number");
  const header = makeHeader(
    file.name,
    kept.map((column) => column.column_name),
  );
  const typing = typingOf(file, header);
  // Tags come as a map from some providers; text of a map is no JSON.
  const texts = kept.map(({ column_name, column_type }, position) => {
    const nested = /^(MAP|STRUCT)\(|\]$/.test(column_type);
    return `nullif(CAST(${nested ? `to_json(${sqlName(column_name)})` : sqlName(column_name)} AS VARCHAR), '') AS ${rawColumn(position)}`;
  });
  const inner = `(SELECT file_row_number + 1 AS x_line, '' AS x_text, ${texts.join(", ")} FROM ${source})`;
  const read = await typeWithLines(
    session,
    typing,
    inner,
    "x_line",
    "x_text",
    out,
    join(out, ".."),
  ).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof AppError && error.code !== "INTERNAL") throw error;
    throw new AppError(
      "FILE_INVALID",
      `${file.name}: the Parquet data is damaged (${firstLine(message)}); export it again`,
      { cause: error },
    );
  });
  return { dataset: typing.dataset, rows: read.rows, rejected: read.rejected };
}
