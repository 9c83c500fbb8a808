import { AppError } from "./errors.ts";
import { type Entrant, type Turn, Turns } from "./turns.ts";
import { type Engine, isOutgrown, type Session } from "./warehouse.ts";

export interface PoolOptions {
  /** Queries running at once; each holds one of libuv's threads. */
  size?: number;
  /** Queries that may wait for a free session; one more has the longest line's last refused. */
  queue?: number;
  /** Milliseconds until a query is stopped. */
  deadline?: number;
}

/** Who asks what, for the pool: whose turn it is, and when to give up. */
export interface Asked {
  /** Aborts when the client has left. */
  signal?: AbortSignal | undefined;
  /** Turns go round by this: a person, a token, an address. */
  caller?: string;
  /** What kind of question it is; one that has never been answered quickly is not a short one. */
  kind?: string;
  /** Milliseconds until it is stopped, waiting included; the pool's own unless said. */
  deadline?: number;
  /** True where the session is held as long as somebody reads. */
  stream?: boolean;
}

// Two exports of one person and one of another leave two sessions, and one of them is for short questions.
const SESSIONS = 5;
// Questions of one caller at once; two fill two cores, and more of them only slow the others down.
const EACH = 2;
// Every query of the pages in every measure and dimension, for the months people look at.
const KEPT_STATEMENTS = 200;
// The least time seen, since what waits for others' work takes longer without being longer.
const SHORT = 100;

/**
 * A bounded set of sessions with deadlines; a caller who leaves stops its query. Callers take turns, so
 * who asks two hundred questions at once waits for the others and not they for them (`turns.ts`).
 */
export class Pool {
  readonly #idle: Session[];
  readonly #turns: Turns;
  readonly #deadline: number;
  readonly #size: number;
  readonly #engine: Engine;
  /** Kinds of questions: the quickest answer each has had, in milliseconds. */
  readonly #quickest = new Map<string, number>();
  #drained: (() => void) | undefined;

  private constructor(engine: Engine, sessions: Session[], queue: number, deadline: number) {
    this.#engine = engine;
    this.#idle = sessions;
    this.#size = sessions.length;
    this.#turns = new Turns(sessions.length, queue, EACH);
    this.#deadline = deadline;
  }

  static async open(engine: Engine, options: PoolOptions = {}): Promise<Pool> {
    const sessions: Session[] = [];
    for (let i = 0; i < (options.size ?? SESSIONS); i++)
      sessions.push(await engine.session(KEPT_STATEMENTS));
    return new Pool(engine, sessions, options.queue ?? 256, options.deadline ?? 10_000);
  }

  /** Runs `use` with a session; rejects with QUERY_TIMEOUT, QUERY_TOO_LARGE, CLIENT_GONE or TOO_BUSY. */
  async with<T>(asked: Asked | undefined, use: (session: Session) => Promise<T>): Promise<T> {
    const { signal, kind = "", deadline = this.#deadline, stream = false } = asked ?? {};
    const timeout = AbortSignal.timeout(deadline);
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const stopped = () =>
      timeout.aborted
        ? new AppError(
            "QUERY_TIMEOUT",
            `the query was stopped after ${deadline} ms; ask for less or try again later`,
          )
        : new AppError("CLIENT_GONE", "the client left before the answer");
    if (either.aborted) throw stopped();
    const turn = await this.#take(
      {
        caller: asked?.caller ?? "",
        short: !stream && (this.#quickest.get(kind) ?? 0) < SHORT,
        stream,
      },
      either,
      stopped,
    );
    const session = this.#idle.pop() as Session;
    // Again and again: an interrupt that comes while the statement is still being planned is lost, and
    // the query would then run on with nobody left to stop it.
    let again: NodeJS.Timeout | undefined;
    const interrupt = () => {
      session.interrupt();
      again ??= setInterval(() => session.interrupt(), 25);
    };
    either.addEventListener("abort", interrupt, { once: true });
    const begun = performance.now();
    try {
      if (either.aborted) throw stopped();
      return await use(session);
    } catch (error) {
      if (either.aborted) throw stopped();
      if (isOutgrown(error))
        throw new AppError(
          "QUERY_TOO_LARGE",
          `the query was stopped: it needed more ${/max_temp_directory_size/.test(String(error)) ? "disk" : "memory"} than all queries may take together; ask for less or try again later`,
          { cause: error },
        );
      throw error;
    } finally {
      either.removeEventListener("abort", interrupt);
      clearInterval(again);
      if (!stream) this.#note(kind, performance.now() - begun, either.aborted);
      this.#idle.push(session);
      this.#turns.leave(turn);
      if (this.#turns.free === this.#size) this.#drained?.();
    }
  }

  async #take(entrant: Entrant, signal: AbortSignal, stopped: () => AppError): Promise<Turn> {
    const turn = this.#turns.enter(entrant);
    const leave = () => this.#turns.giveUp(turn, stopped());
    signal.addEventListener("abort", leave, { once: true });
    try {
      await turn.come;
      return turn;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #note(kind: string, ms: number, aborted: boolean): void {
    // What was stopped soon would not have ended so soon.
    if (aborted && ms < SHORT) return;
    this.#quickest.set(kind, Math.min(ms, this.#quickest.get(kind) ?? ms));
  }

  /** Sessions in use now; zero when nothing was left running. */
  get busy(): number {
    return this.#size - this.#turns.free;
  }

  /** Questions that wait for a session. */
  get waiting(): number {
    return this.#turns.waiting;
  }

  /** Closes after the last query that runs has ended. */
  async close(): Promise<void> {
    if (this.busy > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    for (const session of this.#idle) session.close();
    this.#engine.close();
  }
}
