import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import { Arena } from "./arena.ts";
import { AppError } from "./errors.ts";
import {
  CODEC_ZSTD,
  DELTA_BINARY_PACKED,
  type ParquetType,
  PLAIN,
  RLE_DICTIONARY,
} from "./parquet-encodings.ts";
import { type ThriftFields, ThriftReader, type ThriftValue } from "./thrift.ts";
import { instantiate } from "./wasm.ts";

/** The loops of `assembly/shared/columns.ts`. */
interface Loops {
  deltas(at: number, until: number, out: number, rows: number): number;
  words(
    at: number,
    until: number,
    bytes: number,
    dictionary: number,
    entries: number,
    wide: boolean,
    out: number,
    rows: number,
  ): number;
  plain(at: number, until: number, wide: boolean, out: number, rows: number): number;
}

/** Bytes behind a page that its loops may read. */
const SLACK = 16;

/** Where pages are unpacked: a place in an arena for one column after another, of one file after another. */
export class PageRoom {
  readonly arena: Arena;
  readonly loops: Loops;
  #at = 0;
  #size = 0;

  constructor(arena = new Arena()) {
    this.arena = arena;
    this.loops = instantiate(
      new URL("./columns.wasm", import.meta.url),
      arena.memory,
    ) as unknown as Loops;
  }

  /** The address of so many bytes, good until others are asked for. */
  take(bytes: number): number {
    if (bytes + SLACK > this.#size) {
      this.#size = Math.ceil((bytes + SLACK) * 1.5);
      this.#at = this.arena.reserve(this.#size);
    }
    return this.#at;
  }

  /** Forgets its place: the arena was taken back. */
  reset(): void {
    this.#size = 0;
  }

  bytes(at: number, until: number): Buffer {
    return Buffer.from(this.arena.buffer, at, until - at);
  }
}

/**
 * Reads columns of the Parquet files that `parquet.ts` writes, a row group at a time, into memory that is
 * used again. For samples by the hundred million: the engine takes longer to hand them over in rows of
 * columns than it takes to work with them. Nothing that is not written here is read; whoever wants any
 * other file asks the engine.
 */
export class ParquetReader {
  readonly #path: string;
  readonly #file: number;
  readonly #columns: { name: string; type: ParquetType; optional: boolean }[];
  readonly room: PageRoom;
  readonly groups: readonly RowGroup[];

  /** @throws AppError WAREHOUSE_DAMAGED where the file is another's, or cut short */
  constructor(path: string, room = new PageRoom()) {
    this.#path = path;
    this.room = room;
    this.#file = openSync(path, "r");
    try {
      const footer = this.#footer();
      if (text(footer.get(6)) !== "apportion")
        throw this.damaged("it was not written by this program");
      const [, ...schema] = list(footer.get(2));
      this.#columns = schema.map((element) => ({
        name: text(element.get(4)),
        type: TYPES[whole(element.get(1))] ?? "BOOLEAN",
        optional: element.get(3) === 1,
      }));
      this.groups = list(footer.get(4)).map(
        (group) =>
          new RowGroup(
            this,
            whole(group.get(3)),
            list(group.get(1)).map((chunk) => {
              const meta = chunk.get(3) as ThriftFields;
              return {
                at: whole(meta.get(11) ?? meta.get(9)),
                plain: whole(meta.get(6)),
                bytes: whole(meta.get(7)),
                packed: meta.get(4) === CODEC_ZSTD,
              };
            }),
          ),
      );
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #footer(): ThriftFields {
    const { size } = fstatSync(this.#file);
    const tail = Buffer.alloc(8);
    if (size >= 12) this.#read(tail, size - 8);
    if (tail.toString("latin1", 4) !== "PAR1")
      throw this.damaged("it does not end as a Parquet file does");
    const length = tail.readUInt32LE(0);
    if (length > size - 12) throw this.damaged("it is shorter than its footer says");
    const footer = Buffer.alloc(length);
    this.#read(footer, size - 8 - length);
    return this.#parsed(footer, 0).fields;
  }

  #read(into: Buffer, at: number): void {
    for (let from = 0; from < into.length;) {
      const some = readSync(this.#file, into, from, into.length - from, at + from);
      if (some === 0) throw this.damaged("it is shorter than its footer says");
      from += some;
    }
  }

  /** Where a column stands; null where the file has none of that name. */
  place(name: string): number | null {
    const place = this.#columns.findIndex((column) => column.name === name);
    return place < 0 ? null : place;
  }

  type(place: number): ParquetType {
    return this.#columns[place]?.type as ParquetType;
  }

  #parsed(bytes: Buffer, from: number): { fields: ThriftFields; end: number } {
    try {
      const reader = new ThriftReader(bytes, from);
      return { fields: reader.struct(), end: reader.at };
    } catch (error) {
      if (error instanceof RangeError) throw this.damaged(error.message);
      throw error;
    }
  }

  /** The pages of a column of a row group, good until another's are read. */
  pages(place: number, { at, bytes, plain, packed }: Place, rows: number): Pages {
    const optional = this.#columns[place]?.optional === true;
    const first = this.room.take(bytes + (packed ? plain : 0));
    const chunk = this.room.bytes(first, first + bytes);
    this.#read(chunk, at);
    let free = first + bytes;
    let dictionary: Pages["dictionary"] = null;
    for (let from = 0; ;) {
      const { fields, end } = this.#parsed(chunk, from);
      from = end + whole(fields.get(3));
      if (from > bytes) throw this.damaged("a page is longer than its column");
      let page = { at: first + end, until: first + from };
      if (packed) {
        const size = whole(fields.get(2));
        const body = zstdDecompressSync(chunk.subarray(end, from), {
          chunkSize: Math.max(1024, size),
        });
        if (body.length !== size || free + size > first + bytes + plain)
          throw this.damaged("a page is longer than it says");
        page = { at: free, until: free + size };
        this.room.bytes(page.at, page.until).set(body);
        free += size;
      }
      const head = fields.get(5) as ThriftFields | undefined;
      if (head === undefined) {
        dictionary = { ...page, entries: whole((fields.get(7) as ThriftFields).get(1)) };
        continue;
      }
      if (whole(head.get(1)) !== rows) throw this.damaged("a page does not hold its rows");
      const body = this.room.bytes(page.at, page.until);
      const defined = optional ? 4 + body.readUInt32LE(0) : 0;
      return {
        encoding: whole(head.get(2)),
        definitions: optional ? body.subarray(4, defined) : null,
        at: page.at + defined,
        until: page.until,
        dictionary,
      };
    }
  }

  damaged(what: string): AppError {
    return new AppError(
      "WAREHOUSE_DAMAGED",
      `${this.#path}: ${what}; remove it and run "apportion ingest": the day is landed again`,
    );
  }
}

const TYPES: Readonly<Record<number, ParquetType>> = {
  0: "BOOLEAN",
  1: "INTEGER",
  2: "BIGINT",
  6: "VARCHAR",
};

/** Where a column of a row group begins, and whether its pages are packed by zstd. */
interface Place {
  at: number;
  /** Bytes in the file, and at most as many unpacked. */
  bytes: number;
  plain: number;
  packed: boolean;
}

interface Pages {
  encoding: number;
  /** Which rows hold something; null: all do. */
  definitions: Uint8Array | null;
  /** Addresses of what the page holds, and of its dictionary. */
  at: number;
  until: number;
  dictionary: { at: number; until: number; entries: number } | null;
}

/** Values by runs of rows: from row `starts[i]` on, `values[i]`. */
export interface Runs<T> {
  starts: number[];
  values: T[];
}

/** Texts by runs of rows: from row `starts[i]` on, the text of `words[i]`, which is made when it is asked for. */
export class TextRuns {
  readonly starts: number[] = [];
  readonly words: number[] = [];
  readonly #bytes: Buffer;
  readonly #at: Int32Array;

  /** @param bytes so many texts, the length of each before it in 4 bytes */
  constructor(bytes: Buffer, entries: number) {
    this.#bytes = bytes;
    this.#at = new Int32Array(entries);
    for (let word = 0, at = 0; word < entries; word++) {
      this.#at[word] = at;
      at += 4 + bytes.readUInt32LE(at);
    }
  }

  text(word: number): string {
    const at = (this.#at[word] as number) + 4;
    return this.#bytes.toString("utf8", at, at + this.#bytes.readUInt32LE(at - 4));
  }
}

export class RowGroup {
  readonly rows: number;
  readonly #file: ParquetReader;
  readonly #places: readonly Place[];

  constructor(file: ParquetReader, rows: number, places: readonly Place[]) {
    this.#file = file;
    this.rows = rows;
    this.#places = places;
  }

  #pages(place: number): Pages {
    return this.#file.pages(place, this.#places[place] as Place, this.rows);
  }

  /** A column of texts that are there in every row. */
  texts(place: number): TextRuns {
    const { at, until, dictionary, encoding, definitions } = this.#pages(place);
    if (dictionary === null || encoding !== RLE_DICTIONARY)
      throw this.#file.damaged("a column of texts has no dictionary");
    if (definitions !== null && countOf(definitions, this.rows) < this.rows)
      throw this.#file.damaged("a text that must be there is not");
    const { room } = this.#file;
    const words = Buffer.from(room.bytes(dictionary.at, dictionary.until));
    const texts = new TextRuns(words, dictionary.entries);
    const body = room.bytes(at, until);
    let row = 0;
    eachRun(body, body[0] as number, 1, this.rows, (word, length) => {
      texts.starts.push(row);
      texts.words.push(word);
      row += length;
    });
    return texts;
  }

  /**
   * A column of numbers by runs, for those that stay the same for long.
   * @param nothing what stands where the column holds nothing
   */
  runs(place: number, nothing: number): Runs<number> {
    const { encoding, definitions, at, until, dictionary } = this.#pages(place);
    const { room } = this.#file;
    const runs: Runs<number> = { starts: [], values: [] };
    if (encoding !== RLE_DICTIONARY || dictionary === null) {
      const { top } = room.arena;
      const lane = room.arena.reserve(this.rows * 8);
      this.numbers(place, lane, nothing);
      const numbers = new Float64Array(room.arena.buffer, lane, this.rows);
      for (let row = 0; row < this.rows; row++)
        if (row === 0 || numbers[row] !== numbers[row - 1]) {
          runs.starts.push(row);
          runs.values.push(numbers[row] as number);
        }
      room.arena.release(top);
      return runs;
    }
    const body = room.bytes(at, until);
    const words = plain(
      this.#file.type(place),
      room.bytes(dictionary.at, dictionary.until),
      dictionary.entries,
    );
    const put = (row: number, value: number) => {
      runs.starts.push(row);
      runs.values.push(value);
    };
    let row = 0;
    if (definitions === null) {
      eachRun(body, body[0] as number, 1, this.rows, (word, length) => {
        put(row, words[word] as number);
        row += length;
      });
      return runs;
    }
    // Runs of what is there, divided where something is not.
    const gaps: [row: number, length: number][] = [];
    let count = 0;
    eachRun(definitions, 1, 0, this.rows, (there, length) => {
      if (there === 0) gaps.push([row, length]);
      else count += length;
      row += length;
    });
    row = 0;
    let next = 0;
    const skip = () => {
      for (; gaps[next]?.[0] === row; next++) {
        put(row, nothing);
        row += (gaps[next] as [number, number])[1];
      }
    };
    eachRun(body, body[0] as number, 1, count, (word, length) => {
      for (let left = length; left > 0;) {
        skip();
        put(row, words[word] as number);
        const some = Math.min(left, (gaps[next]?.[0] ?? Infinity) - row);
        row += some;
        left -= some;
      }
    });
    skip();
    return runs;
  }

  /**
   * A column of numbers as doubles.
   * @param into the address of `rows` of them in the reader's arena
   * @param nothing what stands where the column holds nothing
   */
  numbers(place: number, into: number, nothing = Number.NaN): void {
    const { encoding, definitions, at, until, dictionary } = this.#pages(place);
    const { rows } = this;
    const { room } = this.#file;
    const count = definitions === null ? rows : countOf(definitions, rows);
    const wide = this.#file.type(place) === "BIGINT";
    let whole: number | null = null;
    if (count === 0) whole = 1;
    else if (encoding === DELTA_BINARY_PACKED) whole = room.loops.deltas(at, until, into, count);
    else if (encoding === PLAIN) whole = room.loops.plain(at, until, wide, into, count);
    else if (encoding === RLE_DICTIONARY && dictionary !== null) {
      const size = dictionary.entries * (wide ? 8 : 4);
      if (size <= dictionary.until - dictionary.at) {
        const bytes = Math.ceil((room.bytes(at, at + 1)[0] as number) / 8);
        whole = room.loops.words(
          at + 1,
          until,
          bytes,
          dictionary.at,
          dictionary.entries,
          wide,
          into,
          count,
        );
      }
    } else throw this.#file.damaged(`encoding ${encoding} is not written here`);
    if (whole !== 1) throw this.#file.damaged("a page does not hold its numbers");
    if (definitions !== null && count < rows)
      spread(definitions, new Float64Array(room.arena.buffer, into, rows), count, rows, nothing);
  }
}

/** Runs as `encodedRuns` and `definitions` write them: never packed by the bit. */
function eachRun(
  body: Uint8Array,
  width: number,
  from: number,
  rows: number,
  take: (value: number, length: number) => void,
): void {
  const bytes = Math.ceil(width / 8);
  for (let at = from, row = 0; row < rows;) {
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body[at++] as number;
      length += (byte & 127) * scale;
      if (byte < 128) break;
    }
    if (length % 2 === 1 || length === 0) throw new AppError("INTERNAL", "a run is not one");
    let value = 0;
    for (let byte = 0; byte < bytes; byte++) value |= (body[at++] as number) << (8 * byte);
    take(value, length / 2);
    row += length / 2;
  }
}

function countOf(definitions: Uint8Array, rows: number): number {
  let count = 0;
  eachRun(definitions, 1, 0, rows, (there, length) => {
    count += there * length;
  });
  return count;
}

/** Moves numbers that stand close together to their rows, from the end so that none is overwritten. */
function spread(
  definitions: Uint8Array,
  into: Float64Array,
  count: number,
  rows: number,
  nothing: number,
): void {
  const runs: [there: number, length: number][] = [];
  eachRun(definitions, 1, 0, rows, (there, length) => runs.push([there, length]));
  let [from, to] = [count, rows];
  for (const [there, length] of runs.toReversed()) {
    to -= length;
    if (there === 0) into.fill(nothing, to, to + length);
    else into.copyWithin(to, (from -= length), from + length);
  }
}

function plain(type: ParquetType, bytes: Buffer, count: number): Float64Array {
  const numbers = new Float64Array(count);
  for (let index = 0; index < count; index++)
    numbers[index] =
      type === "BIGINT"
        ? bytes.readUInt32LE(index * 8) + bytes.readInt32LE(index * 8 + 4) * 4_294_967_296
        : bytes.readInt32LE(index * 4);
  return numbers;
}

const whole = (value: ThriftValue | undefined): number => (typeof value === "number" ? value : 0);
const list = (value: ThriftValue | undefined): ThriftFields[] => (value ?? []) as ThriftFields[];
const text = (value: ThriftValue | undefined): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : "";
