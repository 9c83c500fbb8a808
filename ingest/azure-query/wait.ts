/** How long Azure asks to wait, and how much waiting there is left. */

interface Headers {
  get(name: string): string | undefined;
  [Symbol.iterator](): Iterator<[string, string]>;
}

// qpu, entity, tenant, client, clienttype, and those still to come.
const QUOTA = /^x-ms-ratelimit-microsoft\.(?:costmanagement-[a-z-]+|consumption)-retry-after$/;
const MILLISECONDS = /^(?:x-ms-)?retry-after-ms$/;

/**
 * The longest wait any header of a response asks for, in milliseconds; null where none does.
 * Each names a different quota, and all of them have to lift.
 */
export function waitAsked(headers: Headers, now: Date): number | null {
  const asked: number[] = [];
  for (const [header, value] of headers) {
    const name = header.toLowerCase();
    if (MILLISECONDS.test(name)) asked.push(Number(value));
    else if (QUOTA.test(name) || name === "retry-after")
      asked.push(secondsOrDate(value, headers.get("date"), now));
  }
  const usable = asked.filter((wait) => Number.isFinite(wait) && wait > 0);
  return usable.length === 0 ? null : Math.ceil(Math.max(...usable));
}

function secondsOrDate(value: string, date: string | undefined, now: Date): number {
  const text = value.trim();
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  // Against the sender's own clock where it says it: ours may be off by the whole wait.
  const sent = date === undefined ? Number.NaN : Date.parse(date);
  return Date.parse(text) - (Number.isNaN(sent) ? now.getTime() : sent);
}

export interface WaitLimits {
  /** Sends of one request, the first included. */
  attempts: number;
  /** All waiting of one source within any hour. */
  budgetMs: number;
  /** The first wait where Azure names none; it doubles. */
  unnamedMs: number;
  /** The first wait after a broken connection or a server error; it doubles. */
  brokenMs: number;
  /** Sends of one request where it is not the rate limit that fails it. */
  brokenAttempts: number;
}

export const WAIT_LIMITS: WaitLimits = {
  attempts: 8,
  budgetMs: 20 * 60_000,
  unnamedMs: 30_000,
  brokenMs: 2_000,
  brokenAttempts: 4,
};

const HOUR = 3_600_000;

/**
 * The waiting one source may do. It outlives a run, so that a schedule that starts the next one
 * neither waits the whole budget again nor asks before Azure said it may.
 */
export class WaitBudget {
  #waits: { at: number; ms: number }[] = [];
  #until = 0;
  readonly #limit: number;
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a wait out of the budget; false where it does not fit. */
  take(ms: number, now: Date): boolean {
    const at = now.getTime();
    this.#waits = this.#waits.filter((wait) => wait.at > at - HOUR);
    const spent = this.#waits.reduce((sum, wait) => sum + wait.ms, 0);
    if (spent + ms > this.#limit) return false;
    this.#waits.push({ at, ms });
    return true;
  }

  /** Notes that Azure wants nothing before then. */
  block(ms: number, now: Date): void {
    this.#until = Math.max(this.#until, now.getTime() + ms);
  }

  /** Milliseconds until Azure may be asked again; 0 or less when it may. */
  blockedFor(now: Date): number {
    return this.#until - now.getTime();
  }
}
