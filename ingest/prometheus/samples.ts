import { AppError } from "../../data/errors.ts";
import { instantiate } from "../../data/wasm.ts";
import type { Labels } from "./labels.ts";
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

/** A series of a stream. */
export interface StreamedSeries extends SeriesFigures {
  labels: Labels;
  /** Whether chunks of a kind that holds no samples were left out. */
  skipped: boolean;
}

/** What is wrong with an answer, as the end of a sentence about it. */
export class UnreadableStream extends Error {}

/** Takes a series that is done; copies what it keeps. */
export type OnSeries = (series: StreamedSeries) => void;

interface Kernel {
  open(from: number, until: number): number;
  ask(stream: number, kind: number, hold: number, most: number): void;
  close(stream: number): void;
  reserve(stream: number, bytes: number): number;
  take(stream: number, bytes: number): number;
  end(stream: number): number;
  frames(stream: number): number;
  answered(stream: number): number;
  detail(): number;
  times(): number;
  values(): number;
  fold(stream: number, count: number): void;
  give(stream: number): void;
  count(): number;
  records(): number;
  used(): number;
  data(): number;
  clear(): void;
  textBytes(): number;
  textData(): number;
  forget(): void;
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
  9: (index) => `answers question ${index}, which was not asked`,
  17: () => unreadable("a chunk ends within its first sample"),
  18: () => unreadable("a chunk ends before its samples do"),
  19: () => unreadable("a chunk states more than 64 bits of a value"),
};
const unreadable = (why: string) => `holds a frame that cannot be read (${why})`;

/** Words of a record, and numbers of a run. */
const RECORD = 12;
const RUN = 3;
/** In place of the number of a text that is empty. */
const NO_TEXT = -1;
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
  readonly #texts = new Texts();
  /** Bytes of texts that were taken. */
  #told = 0;
  #views = viewsOf(new ArrayBuffer());

  /**
   * Begins a stream; its number is for the other functions.
   * @param folds how the answers of each question of the request are reduced, in their order
   */
  open(folds: readonly Fold[], { from, until }: Window): number {
    const stream = this.#kernel.open(from, until);
    for (const { kind, hold, most } of folds) this.#kernel.ask(stream, KINDS[kind], hold, most);
    return stream;
  }

  /**
   * Takes the next bytes of an answer of remote read; they are the caller's again when it returns.
   * @param full takes what is done, since there is no room for more
   * @throws UnreadableStream where it is not what the protocol says
   */
  take(stream: number, piece: Uint8Array, full: () => void): void {
    const at = this.#kernel.reserve(stream, piece.length);
    this.#look();
    this.#views.bytes.set(piece, at);
    let said = this.#kernel.take(stream, piece.length);
    for (; said === MORE; said = this.#kernel.take(stream, 0)) full();
    this.#check(said);
  }

  /**
   * The answer is whole, and so is its last series; gives how many frames it had, and one more than the last
   * question with an answer. Throws as `take`.
   */
  end(stream: number): { frames: number; answered: number } {
    this.#check(this.#kernel.end(stream));
    this.#kernel.close(stream);
    return { frames: this.#kernel.frames(stream), answered: this.#kernel.answered(stream) };
  }

  /** Bytes of the series that are done, and of texts of theirs that are new. */
  get done(): number {
    const kernel = this.#kernel;
    return kernel.count() * RECORD * 4 + kernel.used() + kernel.textBytes() - this.#told;
  }

  /** Takes the series that are done, of all streams. */
  each(take: OnSeries): void {
    const count = this.#kernel.count();
    if (count === 0) return;
    this.#look();
    const texts = this.#kernel.textData();
    this.#texts.add(this.#views, texts + this.#told, texts + this.#kernel.textBytes());
    this.#told = this.#kernel.textBytes();
    const places = { records: this.#kernel.records(), count, data: this.#kernel.data() };
    eachSeries(this.#views, places, this.#texts, take);
    this.#kernel.clear();
  }

  /** Moves the series that are done to other memory, `done` bytes, for `MovedSeries`. */
  move(buffer: ArrayBuffer): Moved {
    const count = this.#kernel.count();
    this.#look();
    const into = new Uint8Array(buffer);
    let at = 0;
    const put = (from: number, bytes: number) => {
      into.set(this.#views.bytes.subarray(from, from + bytes), at);
      at += bytes;
    };
    put(this.#kernel.records(), count * RECORD * 4);
    put(this.#kernel.data(), this.#kernel.used());
    const texts = at;
    put(this.#kernel.textData() + this.#told, this.#kernel.textBytes() - this.#told);
    this.#told = this.#kernel.textBytes();
    this.#kernel.clear();
    return { buffer, count, texts, bytes: at };
  }

  /** Forgets the texts of labels, which else are kept; all series are taken, and whoever takes them forgets too. */
  forget(): void {
    this.#kernel.forget();
    this.#texts.forget();
    this.#told = 0;
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
    const stream = this.open([fold], window);
    const at = this.#kernel.times() / 8;
    const also = this.#kernel.values() / 8;
    for (let from = 0; from < count; from += PIECE) {
      const until = Math.min(count, from + PIECE);
      this.#look();
      this.#views.doubles.set(times.subarray(from, until), at);
      this.#views.doubles.set(values.subarray(from, until), also);
      this.#kernel.fold(stream, until - from);
    }
    this.#kernel.give(stream);
    this.#kernel.close(stream);
    let figures: SeriesFigures | undefined;
    this.each((series) => (figures = series));
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
    if (this.#views.bytes.buffer !== buffer) this.#views = viewsOf(buffer);
  }
}

/** Memory, as what it holds. */
interface Views {
  bytes: Buffer;
  words: Int32Array;
  doubles: Float64Array;
}

const viewsOf = (buffer: ArrayBuffer): Views => ({
  bytes: Buffer.from(buffer),
  words: new Int32Array(buffer),
  doubles: new Float64Array(buffer),
});

/** Series that were moved, and where in their memory the texts begin and end that are new with them. */
export interface Moved {
  buffer: ArrayBuffer;
  count: number;
  texts: number;
  bytes: number;
}

/** The other side of `Samples.move`, in whatever thread. */
export class MovedSeries {
  readonly #texts = new Texts();

  /** Takes series where they were moved to, in the order that they were moved in. */
  each({ buffer, count, texts, bytes }: Moved, take: OnSeries): void {
    const views = viewsOf(buffer);
    const data = count * RECORD * 4;
    this.#texts.add(views, texts, bytes);
    eachSeries(views, { records: 0, count, data }, this.#texts, take);
  }

  /** See `Samples.forget`. */
  forget(): void {
    this.#texts.forget();
  }
}

/** The texts of labels by their numbers. */
class Texts {
  readonly #texts: string[] = [];

  /** Adds those that lie in [at, until), one after another. */
  add({ bytes, words }: Views, at: number, until: number): void {
    for (let from = at; from < until;) {
      const length = words[from / 4] as number;
      this.#texts.push(bytes.toString("utf8", from + 4, from + 4 + length));
      from = (from + 4 + length + 3) & ~3;
    }
  }

  forget(): void {
    this.#texts.length = 0;
  }

  of(number: number): string {
    return number === NO_TEXT ? "" : (this.#texts[number] as string);
  }
}

function eachSeries(
  { words, doubles }: Views,
  { records, count, data }: { records: number; count: number; data: number },
  texts: Texts,
  take: OnSeries,
): void {
  const word = (at: number) => words[at] as number;
  const end = records / 4 + count * RECORD;
  for (let at = records / 4; at < end; at += RECORD) {
    const labels: Record<string, string> = {};
    let pair = (data + word(at)) / 4;
    for (let left = word(at + 1); left > 0; left--, pair += 2) {
      const name = texts.of(word(pair));
      if (name !== "") labels[name] = texts.of(word(pair + 1));
    }
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
    take({
      labels,
      runs,
      figures: length === 0 ? NONE : doubles.subarray(sums, sums + 2 * length),
      first: word(at + 5),
      samples: word(at + 7),
      infinite: word(at + 8),
      implausible: word(at + 9),
      skipped: word(at + 10) !== 0,
    });
  }
}
