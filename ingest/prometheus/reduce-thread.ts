import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { AppError, type ErrorCode } from "../../data/errors.ts";
import { readable } from "./chunked.ts";
import type { Metric } from "./metrics.ts";
import { foldOf, type ReducerOptions } from "./reduce.ts";
import type { ReduceNotes } from "./reduce-notes.ts";
import type { ChunkSink } from "./remote-read.ts";
import { type Moved, Samples } from "./samples.ts";
import type { FactFile } from "./write.ts";

export interface ReduceOptions extends ReducerOptions {
  cluster: string;
  /** Where the facts are written; it is there. */
  folder: string;
}

/** What came of a cluster-day. */
export interface Reduced {
  /** Seconds covered over all nodes. */
  coverage: number;
  notes: ReduceNotes;
  files: FactFile[];
}

type Message = { begin: ReduceOptions } | { series: Moved } | { what: "endShard" | "finish" };
export type ToWorker = { id: number } & Message;
export interface FromWorker {
  done: number;
  /** Memory to be used again. */
  free?: ArrayBuffer;
  reduced?: Reduced;
  failed?: { code: ErrorCode; said: string; stack: string };
}

// Each crossing costs a third of a millisecond on both sides.
const BATCH = 1 << 20;
/** Series are whole: room for the last of a batch, and for more of those that are longer than most. */
const ROOM = BATCH + (BATCH >> 1);
// What the server says of pods it sends slower than it is read, samples faster, and a shard is written
// while the next is on its way: what waits evens it out.
const MOST_WAITING = 6;

// Longer than a day's facts take to be committed.
const MOST_IDLE_MS = 60_000;

/** The threads of one server: one is begun before it is needed, and serves day after day. */
export class ReduceThreads {
  readonly #place: string;
  #idle: ReduceThread | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param place of the server, for errors */
  constructor(place: string) {
    this.#place = place;
  }

  /** Begins a thread: to load it takes as long as the first questions to a server. */
  prepare(): void {
    this.#keep(this.#take());
  }

  /** Works with a thread; one with which that failed is ended. */
  async use<T>(work: (thread: ReduceThread) => Promise<T>): Promise<T> {
    const thread = this.#take();
    let done = false;
    try {
      const result = await work(thread);
      done = true;
      return result;
    } finally {
      if (done) this.#keep(thread);
      else await thread.close();
    }
  }

  #take(): ReduceThread {
    const known = this.#idle;
    const thread = known?.isWhole === true ? known : new ReduceThread(this.#place);
    this.#idle = undefined;
    clearTimeout(this.#timer);
    thread.hold(true);
    return thread;
  }

  #keep(thread: ReduceThread): void {
    void this.#idle?.close();
    this.#idle = thread;
    thread.hold(false);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#idle = undefined;
      void thread.close();
    }, MOST_IDLE_MS).unref();
  }
}

/**
 * Reduces and writes the facts of a cluster-day in a thread of its own, while this one reads the network
 * and decodes samples: together they are as fast as the slower of the two. What series come to goes over
 * in batches whose memory comes back. A thread is kept from day to day: one that is new spends more
 * on loading and compiling than on the samples of a day.
 */
export class ReduceThread {
  readonly #place: string;
  readonly #worker: Worker;
  readonly #samples = new Samples();
  #options: ReduceOptions | undefined;
  readonly #free: ArrayBuffer[] = [];
  readonly #waiting = new Map<
    number,
    { resolve: (answer: FromWorker) => void; reject: (error: Error) => void }
  >();
  readonly #onTheirWay = new Set<Promise<void>>();
  #id = 0;
  #failed: Error | undefined;

  constructor(place: string) {
    this.#place = place;
    // Of heaps that are made from now on: half of what a group of namespaces is held in. At one megabyte, where
    // they begin, a second of five went into moving what lives until its group is written.
    setFlagsFromString("--min-semi-space-size=16");
    // What is called once a series is called some ten thousand times a day: to optimise it to the last
    // takes as long as it takes. What runs for longer still is.
    setFlagsFromString("--invocation-count-for-turbofan=30000");
    this.#worker = new Worker(new URL("./reduce-worker.ts", import.meta.url), {
      // Three times that: left alone, what is young grows to a hundred megabytes, in no less time.
      resourceLimits: { maxYoungGenerationSizeMb: 48 },
    });
    this.#worker.on("message", (answer: FromWorker) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#fail(error as Error));
    this.#worker.on("exit", () =>
      this.#fail(new AppError("INTERNAL", "the reducing thread ended")),
    );
  }

  /** Whether nothing has failed in it. */
  get isWhole(): boolean {
    return this.#failed === undefined;
  }

  /** Whether the process waits for it. */
  hold(on: boolean): void {
    if (on) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Begins a cluster-day; the one before is finished. */
  async begin(options: ReduceOptions): Promise<void> {
    this.#options = options;
    await this.#ask({ begin: options });
  }

  #answered({ free, failed, ...answer }: FromWorker): void {
    if (free !== undefined) this.#free.push(free);
    if (failed !== undefined) {
      const error = new AppError(failed.code, failed.said);
      error.stack = failed.stack;
      this.#fail(error);
      return;
    }
    this.#waiting.get(answer.done)?.resolve(answer);
    this.#waiting.delete(answer.done);
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failed);
    this.#waiting.clear();
  }

  #ask(message: Message, transfer: ArrayBuffer[] = []): Promise<FromWorker> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    const id = this.#id++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...message }, transfer);
    });
  }

  /**
   * Takes one answer of remote read, with series of metrics in the order they were asked for. They are
   * reduced later than this says: what is wrong with them is thrown by any later call, at last by `finish`.
   */
  stream(metrics: readonly Metric[]): ChunkSink<object> {
    if (this.#options === undefined) throw new AppError("INTERNAL", "no day was begun");
    const { window, interval } = this.#options;
    const folds = metrics.map((metric) => foldOf(metric, interval));
    const stream = this.#samples.open(folds, window);
    const send = () => this.#send();
    return {
      take: (piece) => {
        if (this.#failed !== undefined) throw this.#failed;
        readable(this.#place, () => this.#samples.take(stream, piece, send));
        if (this.#samples.done >= BATCH) send();
        return this.#onTheirWay.size < MOST_WAITING ? undefined : this.#room();
      },
      end: () => {
        if (this.#failed !== undefined) throw this.#failed;
        readable(this.#place, () => this.#samples.end(stream));
        return {};
      },
    };
  }

  /** Sends the series that are done. */
  #send(): void {
    const { done } = this.#samples;
    if (done === 0) return;
    const known = this.#free.pop() ?? new ArrayBuffer(ROOM);
    const buffer =
      known.byteLength < done ? new ArrayBuffer(Math.ceil(done / BATCH) * BATCH) : known;
    const series = this.#samples.move(buffer);
    const sent = this.#ask({ series }, [buffer]).then(
      () => void this.#onTheirWay.delete(sent),
      // Kept as why nothing more is taken.
      () => void this.#onTheirWay.delete(sent),
    );
    this.#onTheirWay.add(sent);
  }

  async #room(): Promise<void> {
    await Promise.race(this.#onTheirWay);
    if (this.#failed !== undefined) throw this.#failed;
  }

  /** See `Reducer.endShard`. */
  async endShard(): Promise<void> {
    this.#send();
    this.#samples.forget();
    await this.#ask({ what: "endShard" });
  }

  /** Ends the files. */
  async finish(): Promise<Reduced> {
    this.#send();
    const { reduced } = await this.#ask({ what: "finish" });
    return reduced as Reduced;
  }

  /** Ends the thread, whatever it does; unfinished files keep their `.tmp` names. */
  async close(): Promise<void> {
    this.#failed ??= new AppError("INTERNAL", "the reducing thread was ended");
    await this.#worker.terminate();
  }
}
