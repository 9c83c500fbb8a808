import { AppError } from "./errors.ts";
import type { Engine, Session } from "./warehouse.ts";

export interface PoolOptions {
  /** Queries running at once; each holds one of libuv's threads. */
  size?: number;
  /** Queries that may wait for a free session; one more is refused. */
  queue?: number;
  /** Milliseconds until a query is stopped. */
  deadline?: number;
}

// Every query of the pages in every measure and dimension, for the months people look at.
const KEPT_STATEMENTS = 200;

interface Waiter {
  give: (session: Session) => void;
  fail: (error: unknown) => void;
}

/** A bounded set of sessions with deadlines; a caller who leaves stops its query. */
export class Pool {
  readonly #idle: Session[];
  readonly #waiting: Waiter[] = [];
  readonly #queue: number;
  readonly #deadline: number;
  readonly #size: number;
  readonly #engine: Engine;
  #drained: (() => void) | undefined;

  private constructor(engine: Engine, sessions: Session[], queue: number, deadline: number) {
    this.#engine = engine;
    this.#idle = sessions;
    this.#size = sessions.length;
    this.#queue = queue;
    this.#deadline = deadline;
  }

  static async open(engine: Engine, options: PoolOptions = {}): Promise<Pool> {
    const sessions: Session[] = [];
    for (let i = 0; i < (options.size ?? 4); i++)
      sessions.push(await engine.session(KEPT_STATEMENTS));
    return new Pool(engine, sessions, options.queue ?? 256, options.deadline ?? 10_000);
  }

  /** Runs `use` with a session; rejects with QUERY_TIMEOUT, CLIENT_GONE or TOO_BUSY. */
  async with<T>(
    signal: AbortSignal | undefined,
    use: (session: Session) => Promise<T>,
    deadline = this.#deadline,
  ): Promise<T> {
    const timeout = AbortSignal.timeout(deadline);
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const stopped = () =>
      timeout.aborted
        ? new AppError(
            "QUERY_TIMEOUT",
            `the query was stopped after ${deadline} ms; ask for less or try again later`,
          )
        : new AppError("CLIENT_GONE", "the client left before the answer");
    const session = await this.#take(either, stopped);
    // Again and again: an interrupt that comes while the statement is still being planned is lost, and
    // the query would then run on with nobody left to stop it.
    let again: NodeJS.Timeout | undefined;
    const interrupt = () => {
      session.interrupt();
      again ??= setInterval(() => session.interrupt(), 25);
    };
    either.addEventListener("abort", interrupt, { once: true });
    try {
      if (either.aborted) throw stopped();
      return await use(session);
    } catch (error) {
      if (either.aborted) throw stopped();
      throw error;
    } finally {
      either.removeEventListener("abort", interrupt);
      clearInterval(again);
      this.#give(session);
    }
  }

  async #take(signal: AbortSignal, stopped: () => AppError): Promise<Session> {
    const session = this.#idle.pop();
    if (session !== undefined) return session;
    if (this.#waiting.length >= this.#queue)
      throw new AppError("TOO_BUSY", "too many queries are waiting; try again in a moment");
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { give: resolve, fail: reject };
      const leave = () => {
        const index = this.#waiting.indexOf(waiter);
        if (index < 0) return;
        this.#waiting.splice(index, 1);
        reject(stopped());
      };
      waiter.give = (given) => {
        signal.removeEventListener("abort", leave);
        resolve(given);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #give(session: Session): void {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      waiter.give(session);
      return;
    }
    this.#idle.push(session);
    if (this.#idle.length === this.#size) this.#drained?.();
  }

  /** Sessions in use now; zero when nothing was left running. */
  get busy(): number {
    return this.#size - this.#idle.length;
  }

  /** Closes after the last query that runs has ended. */
  async close(): Promise<void> {
    if (this.busy > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    for (const session of this.#idle) session.close();
    this.#engine.close();
  }
}
