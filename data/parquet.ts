import { createHash, type Hash } from "node:crypto";
import { closeSync, fsync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { zstdCompressSync, constants } from "node:zlib";
import { AppError } from "./errors.ts";
import { renameDurably } from "./files.ts";
import {
  CODEC_ZSTD,
  type ColumnData,
  definitions,
  DELTA_BINARY_PACKED,
  encodedNumbers,
  encodedTexts,
  type ParquetColumn,
  PLAIN,
  plainNumber,
  type Range,
  RLE,
} from "./parquet-encodings.ts";
import { Thrift } from "./thrift.ts";

export type { ColumnData, ParquetColumn, ParquetType } from "./parquet-encodings.ts";

/**
 * Writes Parquet a row group at a time, with the memory of one group. For facts that are made here:
 * handed to the engine first they would take three times the time and memory. Text as dictionaries,
 * numbers by what they look like: those that stay the same for long as dictionaries, others as packed
 * differences, which zstd would make no smaller; the rest plain. Nothing the engine does not read.
 */

export interface WrittenParquet {
  rows: number;
  bytes: number;
  sha256: string;
}

const PHYSICAL = { BOOLEAN: 0, INTEGER: 1, BIGINT: 2, VARCHAR: 6 } as const;
const CODEC_NONE = 0;
/** Bytes of a column that are worth unpacking: below, starting to unpack takes longer than reading them. */
const LEAST_PACKED = 4096;
const WRITE_AT_ONCE = 256 << 10;
const LEVEL = { [constants.ZSTD_c_compressionLevel]: 1 };
/** One piece as large as a page can become: the default makes and joins sixty, a larger one is waste. */
const packed = (body: Uint8Array): Buffer =>
  zstdCompressSync(body, { params: LEVEL, chunkSize: Math.max(1024, body.length) });

interface Chunk {
  column: ParquetColumn;
  values: number;
  encoding: number;
  codec: number;
  dictionaryAt: number | null;
  dataAt: number;
  plainBytes: number;
  bytes: number;
  range: Range | null;
}

export class ParquetWriter {
  readonly #path: string;
  readonly #columns: readonly ParquetColumn[];
  readonly #groups: { rows: number; chunks: Chunk[] }[] = [];
  readonly #hash: Hash = createHash("sha256");
  readonly #file: number;
  /** What is not written yet: a page is small, and to write and hash each takes longer than to copy it. */
  readonly #waiting = Buffer.allocUnsafeSlow(WRITE_AT_ONCE);
  #filled = 0;
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
    this.#at += bytes.length;
    if (this.#filled + bytes.length > WRITE_AT_ONCE) this.#write();
    if (bytes.length > WRITE_AT_ONCE) this.#writeAll(bytes);
    else {
      this.#waiting.set(bytes, this.#filled);
      this.#filled += bytes.length;
    }
  }

  #write(): void {
    this.#writeAll(this.#waiting.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #writeAll(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) from += writeSync(this.#file, bytes, from);
    this.#hash.update(bytes);
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
    const { body, encoding, dictionary, range } =
      data instanceof Float64Array
        ? encodedNumbers(column.type, data, rows)
        : encodedTexts(data, rows);
    const whole = column.optional ? Buffer.concat([definitions(data, rows), body]) : body;
    const isSmall = whole.length + (dictionary?.bytes.length ?? 0) < LEAST_PACKED;
    const codec = encoding === DELTA_BINARY_PACKED || isSmall ? CODEC_NONE : CODEC_ZSTD;
    let plainBytes = 0;
    if (dictionary !== null)
      plainBytes += this.#page(2, dictionary.bytes, dictionary.values, PLAIN, codec);
    const dataAt = this.#at;
    plainBytes += this.#page(0, whole, rows, encoding, codec);
    return {
      column,
      values: rows,
      encoding,
      codec,
      dictionaryAt: dictionary === null ? null : from,
      dataAt,
      plainBytes,
      bytes: this.#at - from,
      range,
    };
  }

  /** @returns its bytes before compression, the header's among them */
  #page(type: 0 | 2, body: Uint8Array, values: number, encoding: number, codec: number): number {
    const stored = codec === CODEC_NONE ? body : packed(body);
    const header = new Thrift();
    header.struct((page) => {
      page.i32(1, type);
      page.i32(2, body.length);
      page.i32(3, stored.length);
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
    this.#put(stored);
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
    this.#write();
    await promisify(fsync)(this.#file);
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
  meta.i32s(2, [...new Set([PLAIN, RLE, chunk.encoding])]);
  meta.texts(3, [column.name]);
  meta.i32(4, chunk.codec);
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
