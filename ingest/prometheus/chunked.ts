import { AppError } from "../../data/errors.ts";
import { crc32c } from "./crc32c.ts";
import type { Labels } from "./labels.ts";
import { LabelReader } from "./series-labels.ts";
import type { SeriesSink } from "./reduce.ts";
import { decodeXor, XOR_SLACK, xorCount } from "./xor.ts";

/**
 * Reads the stream of `ChunkedReadResponse`s that remote read answers with: frames of length,
 * checksum and protobuf, each with chunks of one or more series.
 */

/** What a whole answer was. */
export interface ChunkedEnd {
  frames: number;
  /** Series with native histograms, which hold nothing we read, by name. */
  skipped: string[];
}

// Far above what any server sends: it cuts frames at a megabyte, and a series never.
const MOST_FRAME = 64 << 20;
const XOR = 1;

/** Why nothing of an answer is kept. */
export function invalid(place: string, what: string, cause?: unknown): AppError {
  return new AppError(
    "SOURCE_UNREADABLE",
    `${place}: the answer of /api/v1/read ${what}; nothing of it is kept: run the command again`,
    cause === undefined ? undefined : { cause },
  );
}

/** Cuts one answer into frames, and gives the series in them to a sink. */
export class ChunkedReader {
  readonly #place: string;
  readonly #series: SeriesReader;
  /** The frame being put together, with room to read past its end. */
  #frame = Buffer.alloc(0);
  #length = -1;
  #filled = 0;
  #head: number[] = [];
  #crc = 0;
  #frames = 0;

  constructor(place: string, sink: SeriesSink) {
    this.#place = place;
    this.#series = new SeriesReader(sink);
  }

  /** Takes the next bytes; they are the caller's again when it returns. */
  take(piece: Buffer): undefined {
    let at = 0;
    while (at < piece.length) {
      if (this.#length < 0) {
        this.#head.push(piece[at++] as number);
        this.#begin();
        continue;
      }
      // A frame that lies whole in the piece, with room after it, is read where it lies.
      if (this.#filled === 0 && piece.length - at >= this.#length + XOR_SLACK) {
        const from = at;
        at += this.#length;
        this.#finish(piece, from);
        continue;
      }
      if (this.#filled === 0 && this.#frame.length < this.#length + XOR_SLACK)
        this.#frame = Buffer.alloc(this.#length * 2 + XOR_SLACK);
      const some = Math.min(piece.length - at, this.#length - this.#filled);
      piece.copy(this.#frame, this.#filled, at, at + some);
      this.#filled += some;
      at += some;
      if (this.#filled === this.#length) this.#finish(this.#frame, 0);
    }
    return undefined;
  }

  /** Reads length and checksum once the head holds both. */
  #begin(): void {
    const head = this.#head;
    const last = head.findIndex((byte) => byte < 128);
    if (last < 0) {
      if (head.length > 5) throw invalid(this.#place, "holds no frame length");
      return;
    }
    if (head.length < last + 5) return;
    const length = head.slice(0, last + 1).reduceRight((sum, byte) => sum * 128 + (byte & 127), 0);
    if (length > MOST_FRAME) throw invalid(this.#place, `holds a frame of ${length} bytes`);
    this.#crc = Buffer.from(head.slice(last + 1)).readUInt32BE(0);
    this.#head = [];
    this.#length = length;
    this.#filled = 0;
    if (length === 0) this.#finish(this.#frame, 0);
  }

  #finish(bytes: Buffer, from: number): void {
    const until = from + this.#length;
    this.#length = -1;
    this.#filled = 0;
    this.#frames++;
    if (crc32c(bytes, from, until) !== this.#crc)
      throw invalid(this.#place, "holds a frame whose checksum is wrong");
    try {
      this.#series.frame(bytes, from, until);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw invalid(this.#place, `holds a frame that cannot be read (${error.message})`, error);
    }
  }

  /** The answer is whole: gives its last series to the sink. */
  end(): ChunkedEnd {
    if (this.#length >= 0 || this.#head.length > 0)
      throw invalid(this.#place, "ended within a frame");
    return { frames: this.#frames, skipped: this.#series.end() };
  }
}

/** Reads frames' series; a series goes on in the next frame under the same labels. */
class SeriesReader {
  readonly #sink: SeriesSink;
  readonly #skipped: string[] = [];
  readonly #reader = new LabelReader();
  #times = new Float64Array(4096);
  #values = new Float64Array(4096);
  #count = 0;
  #labels: Labels | null = null;
  /** Where in the frame we are. */
  #at = 0;

  constructor(sink: SeriesSink) {
    this.#sink = sink;
  }

  frame(bytes: Buffer, from: number, until: number): void {
    this.#at = from;
    while (this.#at < until) {
      const tag = this.#number(bytes, until);
      if ((tag & 7) === 0) this.#number(bytes, until);
      else if ((tag & 7) !== 2) throw new RangeError(`a field of kind ${tag & 7}`);
      else {
        const end = this.#field(bytes, until);
        if (tag === 10) this.#one(bytes, end);
        this.#at = end;
      }
    }
  }

  #number(bytes: Buffer, until: number): number {
    let byte = bytes[this.#at++] as number;
    let value = byte & 127;
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = bytes[this.#at++] as number;
      value += (byte & 127) * scale;
    }
    if (this.#at > until) throw new RangeError("a number is cut");
    return value;
  }

  #field(bytes: Buffer, end: number): number {
    const stop = this.#number(bytes, end) + this.#at;
    if (stop > end) throw new RangeError("a field is cut");
    return stop;
  }

  /** A `ChunkedSeries`: labels, then chunks. */
  #one(bytes: Buffer, end: number): void {
    const start = this.#at;
    let labelled = start;
    while (this.#at < end && bytes[this.#at] === 10) {
      this.#at++;
      labelled = this.#at = this.#field(bytes, end);
    }
    if (this.#labels === null || !this.#reader.same(bytes, start, labelled)) {
      this.#give();
      this.#labels = this.#reader.read(bytes, start, labelled);
    }
    while (this.#at < end) {
      const tag = this.#number(bytes, end);
      const stop = this.#field(bytes, end);
      if (tag === 18) this.#chunk(bytes, stop);
      this.#at = stop;
    }
  }

  #chunk(bytes: Buffer, end: number): void {
    let encoding = 0;
    let from = -1;
    let until = -1;
    while (this.#at < end) {
      const tag = this.#number(bytes, end);
      if ((tag & 7) === 0) {
        const value = this.#number(bytes, end);
        if (tag === 24) encoding = value;
      } else {
        const last = this.#field(bytes, end);
        if (tag === 34) {
          from = this.#at;
          until = last;
        }
        this.#at = last;
      }
    }
    if (from < 0) return;
    if (encoding !== XOR) {
      const name = this.#labels?.["__name__"] ?? "";
      if (!this.#skipped.includes(name)) this.#skipped.push(name);
      return;
    }
    const room = this.#count + xorCount(bytes, from);
    if (room > this.#times.length) {
      this.#times = grown(this.#times, room);
      this.#values = grown(this.#values, room);
    }
    const before = this.#count;
    const last = before === 0 ? -Infinity : (this.#times[before - 1] as number);
    this.#count = decodeXor(bytes, from, until, this.#times, this.#values, before);
    // Blocks that overlap tell a sample twice.
    if (this.#count > before && (this.#times[before] as number) <= last) this.#order(before);
  }

  #order(from: number): void {
    let kept = from;
    for (let index = from; index < this.#count; index++)
      if ((this.#times[index] as number) > (this.#times[kept - 1] as number)) {
        this.#times[kept] = this.#times[index] as number;
        this.#values[kept++] = this.#values[index] as number;
      }
    this.#count = kept;
  }

  /** Gives the series that is open to the sink. */
  #give(): void {
    if (this.#labels !== null && this.#count > 0)
      this.#sink.series(
        this.#labels["__name__"] ?? "",
        this.#labels,
        this.#times,
        this.#values,
        this.#count,
      );
    this.#labels = null;
    this.#count = 0;
  }

  /** @returns the names of what was skipped */
  end(): string[] {
    this.#give();
    return this.#skipped;
  }
}

function grown(array: Float64Array, room: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(room, array.length * 2));
  larger.set(array);
  return larger;
}
