import { Worker } from "node:worker_threads";
import { AppError, type ErrorCode } from "../../../data/errors.ts";
import { type Asked, type Held, PartReader } from "./hold.ts";

export interface FromReader {
  held?: Held;
  failed?: { code: ErrorCode; said: string; stack: string };
}

/** Samples from which on a thread is worth its beginning, which takes as long as reading some millions. */
const LEAST_AHEAD = 10_000_000;

/**
 * Hands out parts in order, each good until the next is asked for. Where there is much, a thread reads the next
 * one while the one handed out is worked with: reading and judging take about as long.
 */
export class ReadAhead {
  readonly #asked: readonly Asked[];
  readonly #signal: AbortSignal;
  readonly #reader: PartReader | undefined;
  readonly #worker: Worker | undefined;
  readonly #answers: Promise<FromReader>[] = [];
  readonly #waiting: { resolve: (said: FromReader) => void; reject: (error: Error) => void }[] = [];
  #next = 0;

  /** @param samples about how many all parts have together */
  constructor(asked: readonly Asked[], samples: number, signal: AbortSignal) {
    this.#asked = asked;
    this.#signal = signal;
    if (asked.length < 2 || samples < LEAST_AHEAD) {
      this.#reader = new PartReader();
      return;
    }
    this.#worker = new Worker(new URL("./read-worker.ts", import.meta.url));
    this.#worker.on("message", (said: FromReader) => this.#waiting.shift()?.resolve(said));
    this.#worker.on("error", (error) => this.#fail(error as Error));
    this.#worker.on("exit", () => this.#fail(new AppError("INTERNAL", "the reading thread ended")));
    this.#ask(0);
    this.#ask(1);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #ask(place: number): void {
    const asked = this.#asked[place];
    if (asked === undefined) return;
    const answer = new Promise<FromReader>((resolve, reject) =>
      this.#waiting.push({ resolve, reject }),
    );
    // What went wrong is said where the part is awaited.
    answer.catch(() => {});
    this.#answers.push(answer);
    this.#worker?.postMessage(asked);
  }

  /** The next part; the one before is gone. @throws what reading it met */
  async next(): Promise<Held> {
    const place = this.#next++;
    this.#signal.throwIfAborted();
    const asked = this.#asked[place];
    if (asked === undefined) throw new AppError("INTERNAL", "all parts were handed out");
    if (this.#reader !== undefined) return this.#reader.read(asked, this.#signal);
    // The memory of the one before is free again.
    if (place > 0) this.#ask(place + 1);
    const { held, failed } = await (this.#answers[place] as Promise<FromReader>);
    this.#signal.throwIfAborted();
    if (held !== undefined) return held;
    const error = new AppError(failed?.code ?? "INTERNAL", failed?.said ?? "nothing was read");
    error.stack = failed?.stack ?? "";
    throw error;
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
