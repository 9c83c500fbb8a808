import { AppError } from "./errors.ts";

/**
 * Who may go next, where places are few: callers take turns, whoever came first (round robin, as
 * Nagle's "On Packet Switches with Infinite Storage", RFC 970, gives a busy line to its hosts).
 *
 *   enter -> a place is free, and one is left for short questions?  go
 *         -> no: wait in the caller's own line; a place that becomes free goes to the next line in turn
 *         -> too many wait: the last of the longest line is refused, whoever came last
 */

/** Who wants a place, and for how long. */
export interface Entrant {
  caller: string;
  /** May take the last free place, where its caller has no other. */
  short: boolean;
  /** Keeps its place as long as somebody reads, mostly waiting: it is no question among those a caller may have. */
  stream?: boolean;
}

/** A place, or a place in line. */
export interface Turn extends Entrant {
  /** Resolves when it may go; rejects with TOO_BUSY or what `giveUp` was given. */
  come: Promise<void>;
}

interface Waiting {
  turn: Turn;
  go: () => void;
  refuse: (error: unknown) => void;
}

export class Turns {
  #free: number;
  readonly #kept: number;
  readonly #most: number;
  readonly #each: number;
  #waiting = 0;
  /** Lines by caller, the next in turn first. */
  readonly #lines = new Map<string, Waiting[]>();
  /** Places each caller has; callers without any are not in it. */
  readonly #held = new Map<string, number>();
  /** Those of them that are questions. */
  readonly #asking = new Map<string, number>();

  /** @param places how many may be in at once; where there are two, the last is kept for short questions
   *  @param most how many may wait
   *  @param each how many questions one caller may have in: what runs beside a question slows it down, whosever turn it is */
  constructor(places: number, most: number, each = places) {
    this.#free = places;
    this.#kept = places > 1 ? 1 : 0;
    this.#most = most;
    this.#each = each;
  }

  get free(): number {
    return this.#free;
  }
  get waiting(): number {
    return this.#waiting;
  }

  /** A turn now or later; end it with `leave`, once it has come. */
  enter(entrant: Entrant): Turn {
    const { promise, resolve: go, reject: refuse } = Promise.withResolvers<void>();
    const turn = { ...entrant, come: promise };
    // Nobody who could go is waiting: each place that becomes free is given on at once.
    if (this.#mayGo(entrant)) {
      this.#seat(turn);
      go();
      return turn;
    }
    const line = this.#lines.get(entrant.caller) ?? [];
    line.push({ turn, go, refuse });
    this.#lines.set(entrant.caller, line);
    this.#waiting += 1;
    if (this.#waiting > this.#most) this.#refuseOne();
    return turn;
  }

  /** Takes a turn that has not come out of its line; one that has come stays. */
  giveUp(turn: Turn, error: unknown): void {
    const line = this.#lines.get(turn.caller) ?? [];
    const index = line.findIndex((waiting) => waiting.turn === turn);
    if (index < 0) return;
    const [gone] = line.splice(index, 1);
    this.#shortened(turn.caller, line);
    gone?.refuse(error);
  }

  /** Gives a place back. */
  leave(turn: Turn): void {
    count(this.#held, turn.caller, -1);
    if (turn.stream !== true) count(this.#asking, turn.caller, -1);
    this.#free += 1;
    this.#callNext();
  }

  #mayGo({ caller, short, stream }: Entrant): boolean {
    if (stream !== true && (this.#asking.get(caller) ?? 0) >= this.#each) return false;
    if (this.#free > this.#kept) return true;
    return this.#free > 0 && short && !this.#held.has(caller);
  }

  #seat({ caller, stream }: Entrant): void {
    this.#free -= 1;
    count(this.#held, caller, 1);
    if (stream !== true) count(this.#asking, caller, 1);
  }

  /** Lets in whom there is a place for, one of each line in turn. */
  #callNext(): void {
    for (;;) {
      const next = [...this.#lines].find(([, line]) => line.some(({ turn }) => this.#mayGo(turn)));
      if (next === undefined) return;
      const [caller, line] = next;
      const [first] = line.splice(
        line.findIndex(({ turn }) => this.#mayGo(turn)),
        1,
      );
      this.#shortened(caller, line);
      // To the end of the round.
      if (this.#lines.delete(caller)) this.#lines.set(caller, line);
      this.#seat((first as Waiting).turn);
      first?.go();
    }
  }

  #shortened(caller: string, line: Waiting[]): void {
    this.#waiting -= 1;
    if (line.length === 0) this.#lines.delete(caller);
  }

  #refuseOne(): void {
    const [caller, line] = [...this.#lines].reduce((longest, one) =>
      one[1].length > longest[1].length ? one : longest,
    );
    const last = line.pop();
    this.#shortened(caller, line);
    last?.refuse(new AppError("TOO_BUSY", "too many queries are waiting; try again in a moment"));
  }
}

/** Adds to a caller's number; callers without any are left out. */
function count(numbers: Map<string, number>, caller: string, by: number): void {
  const now = (numbers.get(caller) ?? 0) + by;
  if (now > 0) numbers.set(caller, now);
  else numbers.delete(caller);
}
