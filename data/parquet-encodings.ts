import { AppError } from "./errors.ts";
import { definitions as definedNumbers, deltas, placed, plain, survey } from "./parquet-numbers.ts";
import { putVarint } from "./thrift.ts";

/** How the columns of a row group become bytes: https://parquet.apache.org/docs/file-format/data-pages/encodings/ */

export type ParquetType = "VARCHAR" | "BIGINT" | "INTEGER" | "BOOLEAN";

export interface ParquetColumn {
  name: string;
  type: ParquetType;
  /** May hold nothing: NaN among numbers, -1 among indices. */
  optional: boolean;
}

/**
 * A column of a row group: numbers, or places in a dictionary of texts; with `lengths`, each place
 * stands for so many rows.
 */
export type ColumnData = Float64Array | TextData;
export interface TextData {
  dictionary: readonly string[];
  indices: Int32Array;
  lengths?: Int32Array;
}

/** The smallest and the largest number of a column. */
export interface Range {
  min: number;
  max: number;
}

/** How a page is packed after it is encoded. */
export const CODEC_ZSTD = 6;
export const PLAIN = 0;
export const RLE = 3;
export const DELTA_BINARY_PACKED = 5;
export const RLE_DICTIONARY = 8;
/** One number as it stands in a footer. */
export function plainNumber(type: ParquetType, value: number): Uint8Array {
  const bytes = Buffer.alloc(type === "BIGINT" ? 8 : 4);
  if (type === "BIGINT") bytes.writeBigInt64LE(BigInt(value));
  else bytes.writeInt32LE(value);
  return bytes;
}

/** The page of a column, and its dictionary where it has one; the bytes are good until the next column. */
export interface Encoded {
  body: Uint8Array;
  encoding: number;
  dictionary: { bytes: Uint8Array; values: number } | null;
  range: Range | null;
}

/** Bytes of a number below 2^35 at most. */
const MOST_VARINT = 5;
/** Rows a value must hold on average for a dictionary to be shorter than the values. */
const LONG_RUN = 4;

export function encodedNumbers(type: ParquetType, data: Float64Array, rows: number): Encoded {
  const { range, nulls, runs } = survey(data, rows);
  if (type === "BOOLEAN")
    return { body: plainBits(data, rows), encoding: PLAIN, dictionary: null, range: null };
  // What is no whole number, or too large for one, would be cut without a word.
  const most = type === "INTEGER" ? 2 ** 31 : Number.MAX_SAFE_INTEGER;
  if (range !== null && (range.max >= most || range.min < -most))
    throw new AppError(
      "INTERNAL",
      `a figure of ${range.min} or ${range.max} does not fit a column`,
    );
  const wide = type === "BIGINT";
  if (range === null || runs * LONG_RUN <= rows)
    return { ...placed(rows, wide), encoding: RLE_DICTIONARY, range };
  // Differences of such a range fit 32 bits, and every number a double.
  if (nulls === 0 && range.max - range.min < 2 ** 31 && Math.abs(range.max) < 2 ** 52)
    return { body: deltas(rows), encoding: DELTA_BINARY_PACKED, dictionary: null, range };
  return { body: plain(rows, wide), encoding: PLAIN, dictionary: null, range };
}

function plainBits(data: Float64Array, rows: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(rows / 8));
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const value = data[row] as number;
    if (Number.isNaN(value)) continue;
    if (value !== 0) bits[count >> 3] = (bits[count >> 3] as number) | (1 << (count & 7));
    count++;
  }
  return bits.subarray(0, Math.ceil(count / 8));
}

export function encodedTexts(data: TextData, rows: number): Encoded {
  const { dictionary } = data;
  return {
    body: encodedRuns(data, rows),
    encoding: RLE_DICTIONARY,
    dictionary: { bytes: plainTexts(dictionary), values: dictionary.length },
    range: null,
  };
}

function plainTexts(texts: readonly string[]): Buffer {
  let size = 0;
  for (const text of texts) size += 4 + Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + 4);
    at = bytes.writeUInt32LE(length, at) + length;
  }
  return bytes;
}

/** Places in a dictionary: a byte of their width, then runs, each a length and a place. */
function encodedRuns({ dictionary, indices, lengths }: TextData, rows: number): Buffer {
  const width = Math.max(1, 32 - Math.clz32(Math.max(0, dictionary.length - 1)));
  const bytes = Math.ceil(width / 8);
  const count = lengths === undefined ? rows : indices.length;
  const out = Buffer.allocUnsafe(1 + count * (MOST_VARINT + bytes));
  out[0] = width;
  let at = 1;
  let place = -1;
  let length = 0;
  const put = () => {
    for (let rest = length * 2; ; rest >>>= 7) {
      out[at++] = rest < 128 ? rest : (rest & 127) | 128;
      if (rest < 128) break;
    }
    for (let byte = 0; byte < bytes; byte++) out[at++] = (place >>> (8 * byte)) & 255;
  };
  for (let index = 0; index < count; index++) {
    const next = indices[index] as number;
    if (next < 0) continue;
    if (next !== place && length > 0) {
      put();
      length = 0;
    }
    place = next;
    length += lengths?.[index] ?? 1;
  }
  if (length > 0) put();
  return out.subarray(0, at);
}

/** Which rows hold something, as runs, with their length before them; of numbers those encoded last. */
export function definitions(data: ColumnData, rows: number): Uint8Array {
  if (data instanceof Float64Array) return definedNumbers(rows);
  const out: number[] = [];
  let run = 0;
  let value = -1;
  const put = (next: number, some: number) => {
    if (next !== value) {
      if (run > 0) {
        putVarint(out, run * 2);
        out.push(value);
      }
      value = next;
      run = 0;
    }
    run += some;
  };
  const { indices, lengths } = data;
  const count = lengths === undefined ? rows : indices.length;
  for (let index = 0; index < count; index++)
    put((indices[index] as number) < 0 ? 0 : 1, lengths?.[index] ?? 1);
  put(-1, 0);
  const bytes = Buffer.alloc(4 + out.length);
  bytes.writeUInt32LE(out.length);
  bytes.set(out, 4);
  return bytes;
}
