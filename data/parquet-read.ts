import { readFileSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import { AppError } from "./errors.ts";
import {
  CODEC_ZSTD,
  DELTA_BINARY_PACKED,
  type ParquetType,
  PLAIN,
  RLE_DICTIONARY,
} from "./parquet-encodings.ts";
import { type ThriftFields, ThriftReader, type ThriftValue, unzigzag } from "./thrift.ts";

/**
 * Reads columns of the Parquet files that `parquet.ts` writes, a row group at a time, into arrays that are
 * used again. For samples by the hundred million: the engine takes longer to hand them over in rows of
 * columns than it takes to work with them. Nothing that is not written here is read; whoever wants any
 * other file asks the engine.
 */
export class ParquetReader {
  readonly #path: string;
  readonly #file: Buffer;
  readonly #columns: { name: string; type: ParquetType; optional: boolean }[];
  readonly groups: readonly RowGroup[];

  constructor(path: string) {
    this.#path = path;
    this.#file = readFileSync(path);
    const length = this.#file.length;
    if (length < 12 || this.#file.toString("latin1", length - 4) !== "PAR1")
      throw this.damaged("it does not end as a Parquet file does");
    const footer = this.#parsed(length - 8 - this.#file.readUInt32LE(length - 8)).fields;
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
            return { at: whole(meta.get(11) ?? meta.get(9)), packed: meta.get(4) === CODEC_ZSTD };
          }),
        ),
    );
  }

  /** Where a column stands; null where the file has none of that name. */
  place(name: string): number | null {
    const place = this.#columns.findIndex((column) => column.name === name);
    return place < 0 ? null : place;
  }

  type(place: number): ParquetType {
    return this.#columns[place]?.type as ParquetType;
  }

  #parsed(from: number): { fields: ThriftFields; end: number } {
    try {
      const reader = new ThriftReader(this.#file, from);
      return { fields: reader.struct(), end: reader.at };
    } catch (error) {
      if (error instanceof RangeError) throw this.damaged(error.message);
      throw error;
    }
  }

  /** The pages of a column of a row group: what its places stand for, and the values. */
  pages(place: number, { at, packed }: Place, rows: number): Pages {
    const optional = this.#columns[place]?.optional === true;
    let dictionary: Buffer | null = null;
    let entries = 0;
    for (let from = at; ;) {
      const { fields, end } = this.#parsed(from);
      const size = whole(fields.get(3));
      const stored = this.#file.subarray(end, end + size);
      const body = packed
        ? zstdDecompressSync(stored, { chunkSize: Math.max(1024, whole(fields.get(2))) })
        : stored;
      const head = fields.get(5) as ThriftFields | undefined;
      if (head === undefined) {
        dictionary = body;
        entries = whole((fields.get(7) as ThriftFields).get(1));
        from = end + size;
        continue;
      }
      if (whole(head.get(1)) !== rows) throw this.damaged("a page does not hold its rows");
      const defined = optional ? 4 + body.readUInt32LE(0) : 0;
      return {
        encoding: whole(head.get(2)),
        definitions: optional ? body.subarray(4, defined) : null,
        body: body.subarray(defined),
        dictionary,
        entries,
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
  packed: boolean;
}

interface Pages {
  encoding: number;
  /** Which rows hold something; null: all do. */
  definitions: Uint8Array | null;
  body: Buffer;
  dictionary: Buffer | null;
  entries: number;
}

/** Values by runs of rows: from row `starts[i]` on, `values[i]`. */
export interface Runs<T> {
  starts: number[];
  values: T[];
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
  texts(place: number): Runs<string> {
    const { body, dictionary, entries, encoding, definitions } = this.#pages(place);
    if (dictionary === null || encoding !== RLE_DICTIONARY)
      throw this.#file.damaged("a column of texts has no dictionary");
    if (definitions !== null && countOf(definitions, this.rows) < this.rows)
      throw this.#file.damaged("a text that must be there is not");
    const words: string[] = [];
    for (let at = 0; words.length < entries;) {
      const size = dictionary.readUInt32LE(at);
      words.push(dictionary.toString("utf8", at + 4, at + 4 + size));
      at += 4 + size;
    }
    const runs: Runs<string> = { starts: [], values: [] };
    let row = 0;
    eachRun(body, body[0] as number, 1, this.rows, (word, length) => {
      runs.starts.push(row);
      runs.values.push(words[word] as string);
      row += length;
    });
    return runs;
  }

  /**
   * A column of numbers by runs, for those that stay the same for long.
   * @param nothing what stands where the column holds nothing
   */
  runs(place: number, nothing: number): Runs<number> {
    const { encoding, definitions, body, dictionary, entries } = this.#pages(place);
    const runs: Runs<number> = { starts: [], values: [] };
    if (encoding !== RLE_DICTIONARY || dictionary === null) {
      const numbers = new Float64Array(this.rows);
      this.numbers(place, numbers, nothing);
      for (let row = 0; row < this.rows; row++)
        if (row === 0 || numbers[row] !== numbers[row - 1]) {
          runs.starts.push(row);
          runs.values.push(numbers[row] as number);
        }
      return runs;
    }
    const words = plain(this.#file.type(place), dictionary, entries);
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
   * A column of numbers into an array of at least `rows`.
   * @param nothing what stands where the column holds nothing
   */
  numbers(place: number, into: Float64Array, nothing = Number.NaN): void {
    const pages = this.#pages(place);
    const { rows } = this;
    const count = pages.definitions === null ? rows : countOf(pages.definitions, rows);
    const type = this.#file.type(place);
    if (pages.encoding === DELTA_BINARY_PACKED) fromDeltas(pages.body, into, count);
    else if (pages.encoding === PLAIN) into.set(plain(type, pages.body, count));
    else if (pages.encoding === RLE_DICTIONARY && pages.dictionary !== null) {
      const values = plain(type, pages.dictionary, pages.entries);
      let row = 0;
      eachRun(pages.body, pages.body[0] as number, 1, count, (value, length) => {
        const number = values[value] as number;
        if (length === 1) into[row] = number;
        else into.fill(number, row, row + length);
        row += length;
      });
    } else throw this.#file.damaged(`encoding ${pages.encoding} is not written here`);
    if (pages.definitions !== null && count < rows)
      spread(pages.definitions, into, count, rows, nothing);
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

/** Differences packed by the bit, as `deltas` packs them. */
function fromDeltas(body: Buffer, into: Float64Array, rows: number): void {
  const head = new ThriftReader(body, 0);
  const [block, minis] = [head.varint(), head.varint()];
  const each = block / minis;
  if (head.varint() !== rows) throw new AppError("INTERNAL", "a page does not hold its numbers");
  let value = unzigzag(head.varint());
  into[0] = value;
  // Four bytes are read at a time, a few beyond the last value's.
  const padded = Buffer.alloc(body.length + 8);
  padded.set(body);
  const view = new DataView(padded.buffer, padded.byteOffset, padded.length);
  let at = head.at;
  for (let row = 1; row < rows;) {
    head.at = at;
    const least = unzigzag(head.varint());
    const widths = head.at;
    at = widths + minis;
    for (let mini = 0; mini < minis && row < rows; mini++) {
      const width = padded[widths + mini] as number;
      const end = Math.min(rows, row + each);
      if (width === 0) for (; row < end; row++) into[row] = value += least;
      else if (width <= 25) {
        const mask = (1 << width) - 1;
        for (let bit = at * 8; row < end; row++, bit += width)
          into[row] = value += least + ((view.getUint32(bit >>> 3, true) >>> (bit & 7)) & mask);
      } else {
        const mask = width === 32 ? -1 : (1 << width) - 1;
        for (let bit = at * 8; row < end; row++, bit += width) {
          const [from, shift] = [bit >>> 3, bit & 7];
          const low = view.getUint32(from, true) >>> shift;
          const high = shift === 0 ? 0 : (padded[from + 4] as number) << (32 - shift);
          into[row] = value += least + (((low | high) & mask) >>> 0);
        }
      }
      at += (width * each) / 8;
    }
  }
}

const whole = (value: ThriftValue | undefined): number => (typeof value === "number" ? value : 0);
const list = (value: ThriftValue | undefined): ThriftFields[] => (value ?? []) as ThriftFields[];
const text = (value: ThriftValue | undefined): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : "";
