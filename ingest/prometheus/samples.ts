import { AppError } from "../../data/errors.ts";
import { instantiate } from "../../data/wasm.ts";
import type { Run, Window } from "./runs.ts";

/**
 * What series of samples come to, one after another, by WebAssembly (`assembly/samples.ts`): a day of
 * a cluster has tens of millions of samples. The rules:
 *
 * - counter: what it grew from one scrape to the next belongs to the bucket of the later scrape, so
 *   that sums over any cut of time are the counter's own difference. A fall is a restart from zero;
 *   one to more than `most` allows is not believed.
 * - gauge: each sample weighs the time until the next, or `hold` before a gap.
 * - state: the runs of one value. A sample holds until the next; before a gap, and at the end, `hold`.
 *
 * Nothing is bridged over more than five minutes (`GAP_MS`). A NaN after a sample, the stale marker, ends
 * it before its time; ±Inf is left out and counted.
 */
export interface Fold {
  kind: "counter" | "gauge" | "state";
  /** Milliseconds that a sample holds where none follows. */
  hold: number;
  /** Increase per millisecond that is still believed after a fall. */
  most: number;
}

/** One series over the window. */
export interface SeriesFigures {
  /** Samples that were read, those that are left out too. */
  samples: number;
  infinite: number;
  implausible: number;
  /** The first bucket that has figures. */
  first: number;
  /** See `Part.figures`; there until the next series is read. A state has none. */
  figures: Float64Array;
  /** When it was seen; of a state, with its value. */
  runs: Run[];
}

/** A series of a stream: `bytes[labels, labelled)` are its labels as the protocol writes them. */
export interface StreamedSeries extends SeriesFigures {
  bytes: Buffer;
  labels: number;
  labelled: number;
  /** Whether chunks of a kind that holds no samples were left out. */
  skipped: boolean;
}

/** What is wrong with an answer, as the end of a sentence about it. */
export class UnreadableStream extends Error {}

/** Takes a series that is done; copies what it keeps. */
export type OnSeries = (series: StreamedSeries) => void;

interface Kernel {
  open(kind: number, hold: number, most: number, from: number, until: number): number;
  close(stream: number): void;
  reserve(stream: number, bytes: number): number;
  take(stream: number, bytes: number): number;
  end(stream: number): number;
  frames(stream: number): number;
  detail(): number;
  times(): number;
  values(): number;
  fold(stream: number, count: number): void;
  give(stream: number): void;
  count(): number;
  records(): number;
  data(): number;
  clear(): void;
}

const KINDS = { counter: 0, gauge: 1, state: 2 } as const;
const MORE = 1;
/** Faults of a stream by their number in `assembly/samples/stream.ts`. */
const FAULTS: Readonly<Record<number, (detail: number) => string>> = {
  2: () => "holds no frame length",
  3: (bytes) => `holds a frame of ${bytes} bytes`,
  4: () => "holds a frame whose checksum is wrong",
  5: () => "ended within a frame",
  6: () => unreadable("a number is cut"),
  7: () => unreadable("a field is cut"),
  8: (kind) => unreadable(`a field of kind ${kind}`),
  17: () => unreadable("a chunk ends within its first sample"),
  18: () => unreadable("a chunk ends before its samples do"),
  19: () => unreadable("a chunk states more than 64 bits of a value"),
};
const unreadable = (why: string) => `holds a frame that cannot be read (${why})`;

/** Words of a record, and of a run. */
const RECORD = 12;
const RUN = 3;
/** Samples that are taken at once where they come without a chunk. */
const PIECE = 65_536;
const NONE = new Float64Array();
const SOURCE = new URL("./samples.wasm", import.meta.url);
/** Pages of 64 KiB that streams begin with; more come as they are needed. */
const PAGES = 48;

/** Streams of series, by turns, in a memory of their own. */
export class Samples {
  readonly #memory = new WebAssembly.Memory({ initial: PAGES });
  readonly #kernel = instantiate(SOURCE, this.#memory) as unknown as Kernel;
  #bytes = Buffer.alloc(0);
  #words = new Int32Array();
  #doubles = new Float64Array();

  /** Begins a stream; its number is for the other functions. */
  open({ kind, hold, most }: Fold, { from, until }: Window): number {
    return this.#kernel.open(KINDS[kind], hold, most, from, until);
  }

  /**
   * Takes the next bytes of an answer of remote read; they are the caller's again when it returns.
   * @throws UnreadableStream where it is not what the protocol says
   */
  take(stream: number, piece: Uint8Array, each: OnSeries): void {
    const at = this.#kernel.reserve(stream, piece.length);
    this.#look();
    this.#bytes.set(piece, at);
    let said = this.#kernel.take(stream, piece.length);
    for (; said === MORE; said = this.#kernel.take(stream, 0)) this.#give(each);
    this.#check(said);
    this.#give(each);
  }

  /** The answer is whole; gives its last series, and how many frames it had. Throws as `take`. */
  end(stream: number, each: OnSeries): number {
    this.#check(this.#kernel.end(stream));
    this.#give(each);
    this.#kernel.close(stream);
    return this.#kernel.frames(stream);
  }

  /**
   * One series whose samples are there.
   * @param times milliseconds, growing
   * @param values NaN where it is said that the series ended
   */
  series(
    fold: Fold,
    window: Window,
    times: Float64Array,
    values: Float64Array,
    count: number,
  ): SeriesFigures {
    const stream = this.open(fold, window);
    const at = this.#kernel.times() / 8;
    const also = this.#kernel.values() / 8;
    for (let from = 0; from < count; from += PIECE) {
      const until = Math.min(count, from + PIECE);
      this.#look();
      this.#doubles.set(times.subarray(from, until), at);
      this.#doubles.set(values.subarray(from, until), also);
      this.#kernel.fold(stream, until - from);
    }
    this.#kernel.give(stream);
    this.#kernel.close(stream);
    let figures: SeriesFigures | undefined;
    this.#give((series) => (figures = series));
    if (figures === undefined) throw new AppError("INTERNAL", "a series without samples");
    return figures;
  }

  #check(said: number): void {
    if (said === 0) return;
    const fault = FAULTS[said];
    if (fault === undefined) throw new AppError("INTERNAL", `samples.wasm said ${said}`);
    throw new UnreadableStream(fault(this.#kernel.detail()));
  }

  /** The memory as it is now: what grows is elsewhere afterwards. */
  #look(): void {
    const { buffer } = this.#memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = Buffer.from(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  #give(each: OnSeries): void {
    const count = this.#kernel.count();
    if (count === 0) return;
    this.#look();
    const words = this.#words;
    const doubles = this.#doubles;
    const data = this.#kernel.data();
    const end = this.#kernel.records() / 4 + count * RECORD;
    const word = (at: number) => words[at] as number;
    for (let at = end - count * RECORD; at < end; at += RECORD) {
      const labels = data + word(at);
      const sums = (data + word(at + 4)) / 8;
      const length = word(at + 6);
      const runs: Run[] = [];
      let run = (data + word(at + 2)) / 8;
      for (let left = word(at + 3); left > 0; left--, run += RUN)
        runs.push({
          from: doubles[run] as number,
          until: doubles[run + 1] as number,
          value: doubles[run + 2] as number,
        });
      each({
        bytes: this.#bytes,
        labels,
        labelled: labels + word(at + 1),
        runs,
        figures: length === 0 ? NONE : doubles.subarray(sums, sums + 2 * length),
        first: word(at + 5),
        samples: word(at + 7),
        infinite: word(at + 8),
        implausible: word(at + 9),
        skipped: word(at + 10) !== 0,
      });
    }
    this.#kernel.clear();
  }
}
