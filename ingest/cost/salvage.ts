import { isUtf8 } from "node:buffer";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import { AppError, printable } from "../../data/errors.ts";
import type { RejectedLine } from "../source.ts";
import { columnKey, type Header } from "./header.ts";

/**
 * The slow road, taken only for a file that the strict reader refused or that holds a bad row: every
 * record is looked at, the broken ones are put aside with their line, the others are written again,
 * plainly, with the line they stood on.
 */

// A row a person would call a row. Longer ones are put aside; a quote that never closes is an error.
const MAX_ROW = 1 << 20;
const MAX_RECORD = 64 << 20;
const SHOWN = 2_000;

export interface Salvaged {
  rejected: RejectedLine[];
  /** Records seen, good and bad, without the header. */
  records: number;
}

interface Parsed {
  record: string[];
  info: { lines: number };
  raw: string;
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

/** Writes the good records of `path` to `to` as `line,text,c0…cN` without a header. */
export async function salvage(
  path: string,
  to: string,
  header: Header,
  place: {
    month: string | null;
    amountColumn: number | undefined;
    currencyColumn: number | undefined;
  },
): Promise<Salvaged> {
  const rejected: RejectedLine[] = [];
  const width = header.names.length;
  const key = header.names.map(columnKey).join("\u0000");
  let records = -1;
  let nextLine = 1;
  const reject = (line: number, reason: string, raw: string, fields: string[]) =>
    rejected.push({
      file: header.file,
      line,
      reason,
      text: printable(raw.trimEnd()).slice(0, SHOWN),
      month: place.month,
      currency: currencyOf(fields[place.currencyColumn ?? -1]),
      amount: amountOf(fields[place.amountColumn ?? -1]),
    });
  // Bytes go through as latin1, one to one, so that broken UTF-8 can be seen row by row.
  const parser = parse({
    bom: true,
    encoding: "latin1",
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD,
    record_delimiter: ["\r\n", "\n", "\r"],
  });
  async function* good(source: AsyncIterable<Parsed>) {
    for await (const { record, raw } of source) {
      const line = nextLine;
      nextLine += Math.max(1, newlines(raw));
      records += 1;
      if (records === 0) continue;
      const bytes = Buffer.from(raw, "latin1");
      const fields = record.map((field) => Buffer.from(field, "latin1").toString("utf8"));
      const text = bytes.toString("utf8");
      if (!isUtf8(bytes)) reject(line, "the row is not UTF-8", text, fields);
      else if (bytes.includes(0)) reject(line, "the row holds a NUL byte", text, fields);
      else if (bytes.length > MAX_ROW)
        reject(
          line,
          `the row is ${bytes.length} bytes long; at most ${MAX_ROW} are taken`,
          text,
          fields,
        );
      else if (record.length !== width)
        reject(line, `the row has ${record.length} fields, the header ${width}`, text, fields);
      else if (fields.map(columnKey).join("\u0000") === key)
        reject(line, "the header stands a second time, inside the file", text, []);
      else
        yield `${line},${quoted(text.trimEnd().slice(0, SHOWN))},${fields.map((field) => (field === "" ? "" : quoted(field))).join(",")}\n`;
    }
  }
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 1 << 20 }),
      parser,
      good as (source: unknown) => AsyncIterable<string>,
      createWriteStream(to, { mode: 0o600 }),
    );
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (!code.startsWith("CSV_")) throw error;
    const lines = (error as { lines?: number }).lines;
    throw new AppError(
      "FILE_INVALID",
      `${header.file}:${lines ?? nextLine}: the quotes do not match (a quoted field that starts at or after line ${nextLine} never ends); export the file again`,
      { cause: error },
    );
  }
  return { rejected, records: Math.max(records, 0) };
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

function amountOf(text: string | undefined): string | null {
  return text !== undefined && /^-?\d{1,18}(\.\d{1,18})?$/.test(text) ? text : null;
}

function currencyOf(text: string | undefined): string | null {
  return text !== undefined && /^[A-Z]{3}$/.test(text) ? text : null;
}
