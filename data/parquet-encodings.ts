import { AppError } from "./errors.ts";
import { putVarint, putZigzag } from "./thrift.ts";

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
const TWO_32 = 4294967296;

/** One number as it stands in a footer. */
export function plainNumber(type: ParquetType, value: number): Uint8Array {
  return plainNumbers(type, Float64Array.of(value), 1);
}

/** The page of a column, and its dictionary where it has one. */
export interface Encoded {
  body: Uint8Array;
  encoding: number;
  dictionary: { bytes: Uint8Array; values: number } | null;
  range: Range | null;
}

/** Rows a value must hold on average for a dictionary to be shorter than the values. */
const LONG_RUN = 4;

export function encodedNumbers(type: ParquetType, data: Float64Array, rows: number): Encoded {
  if (type === "BOOLEAN")
    return { body: plainBits(data, rows), encoding: PLAIN, dictionary: null, range: null };
  const { range, nulls, runs } = surveyed(data, rows);
  // What is no whole number, or too large for one, would be cut without a word.
  const most = type === "INTEGER" ? 2 ** 31 : Number.MAX_SAFE_INTEGER;
  if (range !== null && (range.max >= most || range.min < -most))
    throw new AppError(
      "INTERNAL",
      `a figure of ${range.min} or ${range.max} does not fit a column`,
    );
  if (range === null || runs * LONG_RUN <= rows) {
    const { values, body } = placed(data, rows);
    const bytes = plainNumbers(type, Float64Array.from(values), values.length);
    return { body, encoding: RLE_DICTIONARY, dictionary: { bytes, values: values.length }, range };
  }
  // Differences of such a range fit 32 bits, and every number a double.
  if (nulls === 0 && range.max - range.min < 2 ** 31 && Math.abs(range.max) < 2 ** 52)
    return {
      body: deltas(data, rows, range),
      encoding: DELTA_BINARY_PACKED,
      dictionary: null,
      range,
    };
  return { body: plainNumbers(type, data, rows), encoding: PLAIN, dictionary: null, range };
}

/** What numbers look like: their range, and how often one differs from the one before. */
function surveyed(data: Float64Array, rows: number) {
  let min = Infinity;
  let max = -Infinity;
  let nulls = 0;
  let runs = 0;
  let before = Number.NaN;
  for (let row = 0; row < rows; row++) {
    const value = data[row] as number;
    // Most figures of a container are what they were five minutes before.
    if (value === before) continue;
    if (value !== value) {
      nulls++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    runs++;
    before = value;
  }
  return { range: nulls === rows ? null : { min, max }, nulls, runs };
}

/** Numbers as places in a dictionary of their own, by runs; those of nothing are left out. */
function placed(data: Float64Array, rows: number): { values: number[]; body: Uint8Array } {
  const places = new Map<number, number>();
  const indices: number[] = [];
  const lengths: number[] = [];
  for (let row = 0; row < rows;) {
    const value = data[row] as number;
    let end = row + 1;
    if (value !== value) {
      row = end;
      continue;
    }
    while (end < rows && data[end] === value) end++;
    let place = places.get(value);
    if (place === undefined) places.set(value, (place = places.size));
    indices.push(place);
    lengths.push(end - row);
    row = end;
  }
  return { values: [...places.keys()], body: encodedRuns(indices, lengths, places.size) };
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

/** Numbers that are there, one after another. */
function plainNumbers(type: ParquetType, data: Float64Array, rows: number): Uint8Array {
  const wide = type === "BIGINT" ? 2 : 1;
  const words = new Int32Array(rows * wide);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const value = data[row] as number;
    if (value !== value) continue;
    if (wide === 1) words[count++] = value;
    else {
      const high = Math.floor(value / TWO_32);
      words[count++] = value - high * TWO_32;
      words[count++] = high;
    }
  }
  return new Uint8Array(words.buffer, 0, count * 4);
}

const BLOCK = 128;
const MINIBLOCKS = 4;
const EACH = BLOCK / MINIBLOCKS;

// A page is written before the next one is made.
let scratch = new Uint8Array(0);
const steps = new Int32Array(BLOCK);
// One word more than the widest needs: the last value's upper bits, zero, are written too.
const packed = new Int32Array(EACH + 1);
const packedBytes = new Uint8Array(packed.buffer);

/**
 * Whole numbers as the differences to those before, in blocks less their smallest, packed in as few
 * bits. In 32-bit integers throughout: `range` is narrower than they are.
 */
function deltas(data: Float64Array, rows: number, range: Range): Uint8Array {
  const head: number[] = [];
  putVarint(head, BLOCK);
  putVarint(head, MINIBLOCKS);
  putVarint(head, rows);
  putZigzag(head, data[0] as number);
  const blocks = Math.ceil(rows / BLOCK);
  const room = head.length + blocks * (BLOCK * 4 + MINIBLOCKS + 10);
  if (scratch.length < room) scratch = new Uint8Array(room);
  const out = scratch;
  out.set(head);
  let at = head.length;
  const { min } = range;
  let before = ((data[0] as number) - min) | 0;
  for (let from = 1; from < rows; from += BLOCK) {
    const count = Math.min(BLOCK, rows - from);
    let least = 0x7fffffff;
    let most = -0x7fffffff;
    for (let index = 0; index < count; index++) {
      const value = ((data[from + index] as number) - min) | 0;
      const step = (value - before) | 0;
      steps[index] = step;
      if (step < least) least = step;
      if (step > most) most = step;
      before = value;
    }
    const start: number[] = [];
    putZigzag(start, least);
    for (const byte of start) out[at++] = byte;
    const widths = at;
    at += MINIBLOCKS;
    out.fill(0, widths, at);
    if (least === most) continue;
    for (let block = 0; block < MINIBLOCKS; block++) {
      const first = block * EACH;
      const end = Math.min(count, first + EACH);
      let used = 0;
      for (let index = first; index < end; index++) used |= (steps[index] as number) - least;
      const width = 32 - Math.clz32(used);
      out[widths + block] = width;
      if (width === 0) continue;
      packed.fill(0, 0, width);
      let bit = 0;
      for (let index = first; index < end; index++) {
        const over = ((steps[index] as number) - least) | 0;
        const word = bit >>> 5;
        const shift = bit & 31;
        packed[word] = (packed[word] as number) | (over << shift);
        if (shift + width > 32) packed[word + 1] = over >>> (32 - shift);
        bit += width;
      }
      for (let byte = 0; byte < width * 4; byte++) out[at++] = packedBytes[byte] as number;
    }
  }
  return out.subarray(0, at);
}

export function encodedTexts({ dictionary, indices, lengths }: TextData, rows: number): Encoded {
  const bytes = plainTexts(dictionary);
  const runs: number[] = [];
  const places: number[] = [];
  const count = lengths === undefined ? rows : indices.length;
  for (let index = 0; index < count; index++) {
    const place = indices[index] as number;
    if (place < 0) continue;
    const some = lengths?.[index] ?? 1;
    if (places.at(-1) === place) runs[runs.length - 1] = (runs.at(-1) as number) + some;
    else {
      places.push(place);
      runs.push(some);
    }
  }
  return {
    body: encodedRuns(places, runs, dictionary.length),
    encoding: RLE_DICTIONARY,
    dictionary: { bytes, values: dictionary.length },
    range: null,
  };
}

function plainTexts(texts: readonly string[]): Buffer {
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size + 4, 0));
  let at = 0;
  for (const [index, text] of texts.entries()) {
    at = bytes.writeUInt32LE(sizes[index] as number, at);
    at += bytes.write(text, at);
  }
  return bytes;
}

/** Places in a dictionary: a byte of their width, then runs. */
function encodedRuns(places: readonly number[], lengths: readonly number[], size: number): Buffer {
  const width = Math.max(1, 32 - Math.clz32(Math.max(0, size - 1)));
  const out: number[] = [width];
  const bytes = Math.ceil(width / 8);
  for (let index = 0; index < places.length; index++) {
    const place = places[index] as number;
    putVarint(out, (lengths[index] as number) * 2);
    for (let byte = 0; byte < bytes; byte++) out.push((place >>> (8 * byte)) & 255);
  }
  return Buffer.from(out);
}

/** Which rows hold something, as runs, with their length before them. */
export function definitions(data: ColumnData, rows: number): Buffer {
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
  if (data instanceof Float64Array)
    for (let row = 0; row < rows;) {
      const from = row++;
      const none = Number.isNaN(data[from]);
      while (row < rows && Number.isNaN(data[row]) === none) row++;
      put(none ? 0 : 1, row - from);
    }
  else {
    const { indices, lengths } = data;
    const count = lengths === undefined ? rows : indices.length;
    for (let index = 0; index < count; index++)
      put((indices[index] as number) < 0 ? 0 : 1, lengths?.[index] ?? 1);
  }
  put(-1, 0);
  const bytes = Buffer.alloc(4 + out.length);
  bytes.writeUInt32LE(out.length);
  bytes.set(out, 4);
  return bytes;
}
