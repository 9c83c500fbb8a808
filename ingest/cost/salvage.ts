import { isUtf8 } from "node:buffer";
import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { CsvError, type Options, parse } from "csv-parse";
import { AppError, printable } from "../../data/errors.ts";
import type { RejectedLine } from "../source.ts";
import { columnKey, type Header } from "./header.ts";

/**
 * The slow road, taken only for a file that the strict reader refused or that holds a bad row: every
 * record is looked at, the broken ones are put aside with their line, the others are written again,
 * plainly, with the line they stood on.
 */

// Longer rows are put aside, on both roads; a quote that never closes is an error.
export const MAX_ROW = 2 << 20;
const MAX_RECORD = 64 << 20;
const SHOWN = 2_000;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export interface Salvaged {
  rejected: RejectedLine[];
  /** Records seen, good and bad, without the header. */
  records: number;
}

// Bytes go through as latin1, one to one, so that broken UTF-8 can be seen row by row. The parser's own
// BOM handling would switch it to UTF-8.
const PARSING = {
  encoding: "latin1",
  raw: true,
  relax_column_count: true,
  skip_empty_lines: true,
  max_record_size: MAX_RECORD,
  record_delimiter: ["\r\n", "\n", "\r"],
} satisfies Options;

interface Parsed {
  record: string[];
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
  const reject = (line: number, reason: string, raw: string, fields: string[]) => {
    const currency = currencyOf(fields[place.currencyColumn ?? -1]);
    // With a field too few or too many only a currency in its place tells that the amount is in its own.
    const inPlace = fields.length === width || currency !== null;
    rejected.push({
      file: header.file,
      line,
      reason,
      text: printable(raw.trimEnd()).slice(0, SHOWN),
      month: place.month,
      currency,
      amount: inPlace ? amountOf(fields[place.amountColumn ?? -1]) : null,
    });
  };
  const parser = parse(PARSING);
  const start = await afterBom(path);
  async function* good(source: AsyncIterable<Parsed>) {
    for await (const { record, raw: whole } of source) {
      const { raw, blank } = withoutBlank(whole);
      const line = nextLine + blank;
      nextLine = line + 1 + newlines(raw);
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
      createReadStream(path, { highWaterMark: 1 << 20, start }),
      parser,
      good as (source: unknown) => AsyncIterable<string>,
      createWriteStream(to, { mode: 0o600 }),
    );
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = await lineAfter(path, start, (error as { records?: number }).records ?? 0);
    throw new AppError(
      "FILE_INVALID",
      `${header.file}:${line}: the quotes of this row do not match: a quoted field has no end, or a quote stands inside a plain one; export the file again`,
      { cause: error },
    );
  }
  return { rejected, records: Math.max(records, 0) };
}

/** What is raw starts with the blank lines before it, one character each, and ends with one of its own. */
function withoutBlank(whole: string): { raw: string; blank: number } {
  const raw = whole.replace(/^[\r\n]+/, "");
  return { raw: raw.replace(/[\r\n]$/, ""), blank: whole.length - raw.length };
}

/** The line that stands after so many records. */
async function lineAfter(path: string, start: number, records: number): Promise<number> {
  let line = 1;
  if (records === 0) return line;
  const first = createReadStream(path, { highWaterMark: 1 << 20, start }).pipe(
    parse({ ...PARSING, to: records }),
  );
  for await (const { raw: whole } of first as AsyncIterable<Parsed>) {
    const { raw, blank } = withoutBlank(whole);
    line += blank + 1 + newlines(raw);
  }
  return line;
}

function newlines(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

async function afterBom(path: string): Promise<number> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(3), 0, 3, 0);
    return bytesRead === 3 && buffer.equals(BOM) ? 3 : 0;
  } finally {
    await file.close();
  }
}

function amountOf(text: string | undefined): string | null {
  return text !== undefined && /^-?\d{1,18}(\.\d{1,18})?$/.test(text) ? text : null;
}

function currencyOf(text: string | undefined): string | null {
  return text !== undefined && /^[A-Z]{3}$/.test(text) ? text : null;
}
