import { createHash, type Hash } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { zstdCompressSync, constants } from "node:zlib";
import { AppError } from "./errors.ts";
import { renameDurably } from "./files.ts";

/**
 * Writes Parquet a row group at a time, with the memory of one group. For facts that are made here:
 * handed to the engine first they would take three times the time and memory. Plain numbers,
 * dictionaries for text, zstd; nothing the engine does not read.
 */

export type ParquetType = "VARCHAR" | "BIGINT" | "INTEGER" | "BOOLEAN";

export interface ParquetColumn {
  name: string;
  type: ParquetType;
  /** May hold nothing: NaN among numbers, -1 among indices. */
  optional: boolean;
}

/** A column of a row group: numbers, or places in a dictionary of texts. */
export type ColumnData = Float64Array | { dictionary: readonly string[]; indices: Int32Array };

export interface WrittenParquet {
  rows: number;
  bytes: number;
  sha256: string;
}

const PHYSICAL = { BOOLEAN: 0, INTEGER: 1, BIGINT: 2, VARCHAR: 6 } as const;
const CODEC_ZSTD = 6;
const PLAIN = 0;
const RLE = 3;
const RLE_DICTIONARY = 8;
const TWO_32 = 4294967296;
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

interface Chunk {
  column: ParquetColumn;
  values: number;
  dictionaryAt: number | null;
  dataAt: number;
  plainBytes: number;
  bytes: number;
  range: { min: number; max: number } | null;
}

export class ParquetWriter {
  readonly #path: string;
  readonly #columns: readonly ParquetColumn[];
  readonly #groups: { rows: number; chunks: Chunk[] }[] = [];
  readonly #hash: Hash = createHash("sha256");
  readonly #file: number;
  #at = 0;
  #open = true;

  /** @param path the file; until it is finished its name ends in `.tmp` */
  constructor(path: string, columns: readonly ParquetColumn[]) {
    this.#path = path;
    this.#columns = columns;
    this.#file = openSync(`${path}.tmp`, "w", 0o600);
    this.#put(Buffer.from("PAR1"));
  }

  #put(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) from += writeSync(this.#file, bytes, from);
    this.#hash.update(bytes);
    this.#at += bytes.length;
  }

  /** Writes the first `rows` of each column as a row group. */
  group(columns: readonly ColumnData[], rows: number): void {
    if (rows === 0) return;
    const chunks = this.#columns.map((column, index) => {
      const data = columns[index];
      if (data === undefined) throw new AppError("INTERNAL", `${column.name} has no data`);
      return this.#chunk(column, data, rows);
    });
    this.#groups.push({ rows, chunks });
  }

  #chunk(column: ParquetColumn, data: ColumnData, rows: number): Chunk {
    const from = this.#at;
    let plainBytes = 0;
    let dictionaryAt: number | null = null;
    let body: Uint8Array;
    let range: Chunk["range"] = null;
    let isNull: (row: number) => boolean;
    if (data instanceof Float64Array) {
      isNull = (row) => Number.isNaN(data[row]);
      const plain = plainNumbers(column.type, data, rows);
      body = plain.bytes;
      range = plain.range;
    } else {
      isNull = (row) => (data.indices[row] as number) < 0;
      dictionaryAt = this.#at;
      plainBytes += this.#page(2, plainTexts(data.dictionary), data.dictionary.length, PLAIN);
      body = encodedIndices(data.indices, rows, data.dictionary.length);
    }
    const dataAt = this.#at;
    if (column.optional) body = Buffer.concat([definitions(rows, isNull), body]);
    plainBytes += this.#page(0, body, rows, dictionaryAt === null ? PLAIN : RLE_DICTIONARY);
    return {
      column,
      values: rows,
      dictionaryAt,
      dataAt,
      plainBytes,
      bytes: this.#at - from,
      range,
    };
  }

  /** @returns its bytes before compression, the header's among them */
  #page(type: 0 | 2, body: Uint8Array, values: number, encoding: number): number {
    const packed = zstdCompressSync(body, LEVEL);
    const header = new Thrift();
    header.struct((page) => {
      page.i32(1, type);
      page.i32(2, body.length);
      page.i32(3, packed.length);
      if (type === 0)
        page.inner(5, (data) => {
          data.i32(1, values);
          data.i32(2, encoding);
          data.i32(3, RLE);
          data.i32(4, RLE);
        });
      else
        page.inner(7, (dictionary) => {
          dictionary.i32(1, values);
          dictionary.i32(2, encoding);
        });
    });
    const head = header.bytes();
    this.#put(head);
    this.#put(packed);
    return head.length + body.length;
  }

  /** Writes the footer and gives the file its name. */
  async finish(): Promise<WrittenParquet> {
    const rows = this.#groups.reduce((sum, group) => sum + group.rows, 0);
    const footer = this.#footer(rows);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    this.#put(footer);
    this.#put(length);
    this.#put(Buffer.from("PAR1"));
    fsyncSync(this.#file);
    this.close();
    await renameDurably(`${this.#path}.tmp`, this.#path);
    return { rows, bytes: this.#at, sha256: this.#hash.digest("hex") };
  }

  /** Lets go of the file; what was not finished keeps its `.tmp` name. */
  close(): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
  }

  #footer(rows: number): Buffer {
    const thrift = new Thrift();
    thrift.struct((file) => {
      file.i32(1, 1);
      file.structs(2, [
        (root) => {
          root.text(4, "schema");
          root.i32(5, this.#columns.length);
        },
        ...this.#columns.map((column) => (element: Thrift) => {
          element.i32(1, PHYSICAL[column.type]);
          element.i32(3, column.optional ? 1 : 0);
          element.text(4, column.name);
          if (column.type === "VARCHAR") element.i32(6, 0);
        }),
      ]);
      file.i64(3, rows);
      file.structs(
        4,
        this.#groups.map((group) => (row: Thrift) => {
          row.structs(
            1,
            group.chunks.map((chunk) => (part: Thrift) => {
              part.i64(2, chunk.dictionaryAt ?? chunk.dataAt);
              part.inner(3, (meta) => writeMeta(meta, chunk));
            }),
          );
          row.i64(
            2,
            group.chunks.reduce((sum, chunk) => sum + chunk.plainBytes, 0),
          );
          row.i64(3, group.rows);
        }),
      );
      file.text(6, "apportion");
    });
    return thrift.bytes();
  }
}

function writeMeta(meta: Thrift, chunk: Chunk): void {
  const { column, range } = chunk;
  meta.i32(1, PHYSICAL[column.type]);
  meta.i32s(2, chunk.dictionaryAt === null ? [PLAIN, RLE] : [PLAIN, RLE, RLE_DICTIONARY]);
  meta.texts(3, [column.name]);
  meta.i32(4, CODEC_ZSTD);
  meta.i64(5, chunk.values);
  meta.i64(6, chunk.plainBytes);
  meta.i64(7, chunk.bytes);
  meta.i64(9, chunk.dataAt);
  if (chunk.dictionaryAt !== null) meta.i64(11, chunk.dictionaryAt);
  if (range !== null)
    meta.inner(12, (statistics) => {
      statistics.binary(5, plainNumber(column.type, range.max));
      statistics.binary(6, plainNumber(column.type, range.min));
    });
}

function plainNumber(type: ParquetType, value: number): Buffer {
  return Buffer.from(plainNumbers(type, Float64Array.of(value), 1).bytes);
}

/** Numbers that are there, one after another, and their range. */
function plainNumbers(
  type: ParquetType,
  data: Float64Array,
  rows: number,
): { bytes: Uint8Array; range: Chunk["range"] } {
  let min = Infinity;
  let max = -Infinity;
  let count = 0;
  if (type === "BOOLEAN") {
    const bits = new Uint8Array(Math.ceil(rows / 8));
    for (let row = 0; row < rows; row++) {
      const value = data[row] as number;
      if (Number.isNaN(value)) continue;
      if (value !== 0) bits[count >> 3] = (bits[count >> 3] as number) | (1 << (count & 7));
      count++;
    }
    return { bytes: bits.subarray(0, Math.ceil(count / 8)), range: null };
  }
  const wide = type === "BIGINT" ? 2 : 1;
  const words = new Uint32Array(rows * wide);
  for (let row = 0; row < rows; row++) {
    const value = data[row] as number;
    if (value !== value) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    if (wide === 1) words[count++] = value;
    else {
      words[count++] = value;
      words[count++] = Math.floor(value / TWO_32);
    }
  }
  // What is no whole number, or too large for one, would be cut without a word.
  const most = wide === 1 ? 2 ** 31 : Number.MAX_SAFE_INTEGER;
  if (max >= most || min < -most)
    throw new AppError("INTERNAL", `a figure of ${min} or ${max} does not fit a column`);
  return {
    bytes: new Uint8Array(words.buffer, 0, count * 4),
    range: count === 0 ? null : { min, max },
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

/** Places in a dictionary: a byte of their width, then runs; those of nothing are left out. */
function encodedIndices(indices: Int32Array, rows: number, size: number): Buffer {
  const width = Math.max(1, 32 - Math.clz32(Math.max(0, size - 1)));
  const out: number[] = [width];
  const bytes = Math.ceil(width / 8);
  let run = 0;
  let value = -1;
  const end = () => {
    if (run === 0) return;
    putVarint(out, run * 2);
    for (let byte = 0; byte < bytes; byte++) out.push((value >>> (8 * byte)) & 255);
  };
  for (let row = 0; row < rows; row++) {
    const next = indices[row] as number;
    if (next < 0) continue;
    if (next === value) run++;
    else {
      end();
      value = next;
      run = 1;
    }
  }
  end();
  return Buffer.from(out);
}

/** Which rows hold something, as runs, with their length before them. */
function definitions(rows: number, isNull: (row: number) => boolean): Buffer {
  const out: number[] = [];
  let run = 0;
  let value = -1;
  for (let row = 0; row <= rows; row++) {
    const next = row === rows ? -1 : isNull(row) ? 0 : 1;
    if (next === value) run++;
    else {
      if (run > 0) {
        putVarint(out, run * 2);
        out.push(value);
      }
      value = next;
      run = 1;
    }
  }
  const bytes = Buffer.alloc(4 + out.length);
  bytes.writeUInt32LE(out.length);
  bytes.set(out, 4);
  return bytes;
}

function putVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}

const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Thrift's compact protocol, as far as footers need it. */
class Thrift {
  readonly #out: number[] = [];
  #last = 0;

  bytes(): Buffer {
    return Buffer.from(this.#out);
  }
  struct(write: (inside: Thrift) => void): void {
    const before = this.#last;
    this.#last = 0;
    write(this);
    this.#out.push(0);
    this.#last = before;
  }
  #field(id: number, type: number): void {
    this.#out.push(((id - this.#last) << 4) | type);
    this.#last = id;
  }
  #zigzag(value: number): void {
    putVarint(this.#out, value < 0 ? -value * 2 - 1 : value * 2);
  }
  #raw(bytes: Uint8Array): void {
    putVarint(this.#out, bytes.length);
    for (const byte of bytes) this.#out.push(byte);
  }
  #list(id: number, type: number, size: number): void {
    this.#field(id, LIST);
    if (size < 15) this.#out.push((size << 4) | type);
    else {
      this.#out.push(0xf0 | type);
      putVarint(this.#out, size);
    }
  }
  i32(id: number, value: number): void {
    this.#field(id, I32);
    this.#zigzag(value);
  }
  i64(id: number, value: number): void {
    this.#field(id, I64);
    this.#zigzag(value);
  }
  binary(id: number, value: Uint8Array): void {
    this.#field(id, BINARY);
    this.#raw(value);
  }
  text(id: number, value: string): void {
    this.binary(id, Buffer.from(value));
  }
  texts(id: number, values: readonly string[]): void {
    this.#list(id, BINARY, values.length);
    for (const value of values) this.#raw(Buffer.from(value));
  }
  i32s(id: number, values: readonly number[]): void {
    this.#list(id, I32, values.length);
    for (const value of values) this.#zigzag(value);
  }
  inner(id: number, write: (inside: Thrift) => void): void {
    this.#field(id, STRUCT);
    this.struct(write);
  }
  structs(id: number, writes: readonly ((inside: Thrift) => void)[]): void {
    this.#list(id, STRUCT, writes.length);
    for (const write of writes) this.struct(write);
  }
}
