import { Frames, invalid } from "./frames.ts";
import type { Labels } from "./labels.ts";
import { LabelReader } from "./series-labels.ts";
import type { SeriesSink } from "./reduce.ts";
import { decodeXor, xorCount } from "./xor.ts";

/** Reads `ChunkedReadResponse`s, each with chunks of one or more series. */

/** What a whole answer was. */
export interface ChunkedEnd {
  frames: number;
  /** Series with native histograms, which hold nothing we read, by name. */
  skipped: string[];
}

const XOR = 1;

/** Gives the series in one answer to a sink. */
export class ChunkedReader {
  readonly #frames: Frames;
  readonly #series: SeriesReader;

  constructor(place: string, sink: SeriesSink) {
    this.#series = new SeriesReader(place, sink);
    this.#frames = new Frames(place, (bytes, from, until) =>
      this.#series.frame(bytes, from, until),
    );
  }

  /** Takes the next bytes; they are the caller's again when it returns. */
  take(piece: Buffer): undefined {
    this.#frames.take(piece);
  }

  /** The answer is whole: gives its last series to the sink. */
  end(): ChunkedEnd {
    return { frames: this.#frames.end(), skipped: this.#series.end() };
  }
}

/** Reads frames' series; a series goes on in the next frame under the same labels. */
export class SeriesReader {
  readonly #place: string;
  readonly #sink: SeriesSink;
  readonly #skipped: string[] = [];
  readonly #reader = new LabelReader();
  #times = new Float64Array(4096);
  #values = new Float64Array(4096);
  #count = 0;
  #labels: Labels | null = null;
  /** Where in the frame we are. */
  #at = 0;

  constructor(place: string, sink: SeriesSink) {
    this.#place = place;
    this.#sink = sink;
  }

  /** Takes a frame, `bytes[from, until)`; see `FrameSink`. */
  frame(bytes: Buffer, from: number, until: number): void {
    try {
      this.#frame(bytes, from, until);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw invalid(this.#place, `holds a frame that cannot be read (${error.message})`, error);
    }
  }

  #frame(bytes: Buffer, from: number, until: number): void {
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

  /** Gives the last series to the sink. @returns the names of what was skipped */
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
