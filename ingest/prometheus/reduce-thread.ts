import { Worker } from "node:worker_threads";
import { AppError, type ErrorCode } from "../../data/errors.ts";
import type { ChunkedEnd } from "./chunked.ts";
import type { ReducerOptions } from "./reduce.ts";
import type { ReduceNotes } from "./reduce-notes.ts";
import type { ChunkSink } from "./remote-read.ts";
import type { FactFile } from "./write.ts";

export interface ReduceOptions extends ReducerOptions {
  cluster: string;
  /** Where the facts are written; it is there. */
  folder: string;
  /** Of the server, for errors. */
  place: string;
}

/** What came of a cluster-day. */
export interface Reduced {
  /** Seconds covered over all nodes. */
  coverage: number;
  notes: ReduceNotes;
  files: FactFile[];
}

export type ToWorker = { id: number } & (
  | { stream: number; bytes: ArrayBuffer; length: number }
  | { stream: number }
  | { what: "endShard" | "finish" }
);
export interface FromWorker {
  done: number;
  bytes?: ArrayBuffer;
  end?: ChunkedEnd;
  reduced?: Reduced;
  failed?: { code: ErrorCode; said: string; stack: string };
}

const BATCH = 256 << 10;
// Two megabytes on their way keep the thread busy while an answer pauses.
const MOST_WAITING = 3;

/**
 * Decodes, reduces and writes the facts of a cluster-day in a thread of its own, so that the network
 * is read meanwhile: together they are as fast as the slower of the two. Bytes are copied into
 * batches whose memory goes over and comes back.
 */
export class ReduceThread {
  readonly #worker: Worker;
  readonly #free: ArrayBuffer[] = [];
  readonly #waiting = new Map<
    number,
    { resolve: (answer: FromWorker) => void; reject: (error: Error) => void }
  >();
  #id = 0;
  #streams = 0;
  #failed: Error | undefined;

  constructor(options: ReduceOptions) {
    this.#worker = new Worker(new URL("./reduce-worker.ts", import.meta.url), {
      workerData: options,
    });
    this.#worker.on("message", (answer: FromWorker) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#fail(error as Error));
    this.#worker.on("exit", () =>
      this.#fail(new AppError("INTERNAL", "the reducing thread ended")),
    );
  }

  #answered({ bytes, failed, ...answer }: FromWorker): void {
    if (bytes !== undefined) this.#free.push(bytes);
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

  #ask(
    message:
      | { stream: number; bytes: ArrayBuffer; length: number }
      | { stream: number }
      | { what: "endShard" | "finish" },
    transfer: ArrayBuffer[] = [],
  ): Promise<FromWorker> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    const id = this.#id++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...message }, transfer);
    });
  }

  /** Takes one answer of remote read. */
  stream(): ChunkSink {
    const stream = this.#streams++;
    let batch = Buffer.alloc(0);
    let filled = 0;
    const onTheirWay = new Set<Promise<void>>();
    let failed: Error | undefined;
    const send = () => {
      if (filled === 0) return;
      const bytes = batch.buffer as ArrayBuffer;
      const sent = this.#ask({ stream, bytes, length: filled }, [bytes]).then(
        () => void onTheirWay.delete(sent),
        (error: Error) => {
          failed = error;
          onTheirWay.delete(sent);
        },
      );
      onTheirWay.add(sent);
      filled = 0;
      batch = Buffer.alloc(0);
    };
    return {
      take: (piece) => {
        if (failed !== undefined) throw failed;
        for (let at = 0; at < piece.length;) {
          if (batch.length === 0) batch = Buffer.from(this.#free.pop() ?? new ArrayBuffer(BATCH));
          const some = piece.copy(batch, filled, at);
          filled += some;
          at += some;
          if (filled === batch.length) send();
        }
        if (onTheirWay.size < MOST_WAITING) return undefined;
        return Promise.race(onTheirWay).then(() => {
          if (failed !== undefined) throw failed;
        });
      },
      end: async () => {
        send();
        const { end } = await this.#ask({ stream });
        return end as ChunkedEnd;
      },
    };
  }

  /** See `Reducer.endShard`. */
  async endShard(): Promise<void> {
    await this.#ask({ what: "endShard" });
  }

  /** Ends the files. */
  async finish(): Promise<Reduced> {
    const { reduced } = await this.#ask({ what: "finish" });
    return reduced as Reduced;
  }

  /** Ends the thread, whatever it does; unfinished files keep their `.tmp` names. */
  async close(): Promise<void> {
    this.#failed ??= new AppError("INTERNAL", "the reducing thread was ended");
    await this.#worker.terminate();
  }
}
