import { BUCKET_MS, GAP_MS, type Run, type Window } from "./runs.ts";

/**
 * What one series says, by five-minute bucket. A container that restarted has several, and so has
 * one that two jobs scrape: `settle` tells them apart.
 */
export interface Part {
  /** Which of a container's lives: its runtime id, or the network interface. */
  readonly id: string;
  readonly job: string;
  /** All other labels that tell series of one thing apart. */
  readonly origin: string;
  /** First bucket of the arrays. */
  readonly first: number;
  /** Counter: increase. Gauge: value × milliseconds. */
  readonly sum: Float64Array;
  /** Counter: highest increase per millisecond between two scrapes. Gauge: highest value. */
  readonly max: Float64Array;
  /** When it was seen. */
  readonly runs: Run[];
}

export type PartName = Pick<Part, "id" | "job" | "origin">;

/** What was wrong with samples, by reason. */
export interface Faults {
  infinite: number;
  implausible: number;
}

// More cores than any node has: a counter that slipped back, not a restart.
const MOST_PER_MS = 2;

/** First and last bucket that samples in the window touch, the one held into it included. */
function range(
  times: Float64Array,
  count: number,
  hold: number,
  window: Window,
): { first: number; length: number } | null {
  const begin = times[0] as number;
  const end = (times[count - 1] as number) + Math.max(hold, GAP_MS);
  if (count === 0 || begin >= window.until || end <= window.from) return null;
  const from = Math.max(begin, window.from) - window.from;
  const until = Math.min(end, window.until) - window.from;
  const first = Math.floor(from / BUCKET_MS);
  return { first, length: Math.ceil(until / BUCKET_MS) - first };
}

const PIECE = 1 << 16;

/**
 * Memory for the figures of series, cut from large pieces which are used again for the next shard:
 * tens of thousands of arrays of their own cost more than what is put into them, and so does fresh memory.
 */
export class Cells {
  readonly #pieces: Float64Array[] = [];
  #piece = 0;
  #cut = 0;

  zeros(length: number): Float64Array {
    if (length > PIECE) return new Float64Array(length);
    if (this.#cut + length > PIECE) {
      this.#piece++;
      this.#cut = 0;
    }
    const from = (this.#pieces[this.#piece] ??= new Float64Array(PIECE));
    return from.subarray(this.#cut, (this.#cut += length)).fill(0);
  }

  /** Takes all of it back: nobody may look at parts made before. */
  reuse(): void {
    this.#piece = 0;
    this.#cut = 0;
  }
}

/** What parts are made with. */
export interface Making {
  window: Window;
  cells: Cells;
  /** Counts what was wrong. */
  faults: Faults;
}

/**
 * A counter: what it grew from one scrape to the next belongs to the bucket of the later scrape, so
 * that sums over any cut of time are the counter's own difference. A fall is a restart from zero.
 * Nothing is bridged over more than five minutes.
 * @param most increase per millisecond that is still believed after a fall
 */
export function counterPart(
  name: PartName,
  times: Float64Array,
  values: Float64Array,
  count: number,
  hold: number,
  { window, cells, faults }: Making,
  most = Infinity,
): Part | null {
  const touched = range(times, count, hold, window);
  if (touched === null) return null;
  const { first, length } = touched;
  const sum = cells.zeros(length);
  const max = cells.zeros(length);
  const runs: Run[] = [];
  const { from, until } = window;
  let before = -Infinity;
  let value = 0;
  let start = Number.NaN;
  // The bucket that samples are in now, where it ends, and its figures so far.
  let cell = 0;
  let edge = -Infinity;
  let grew = 0;
  let highest = 0;
  for (let j = 0; j < count; j++) {
    const now = values[j] as number;
    if (now - now !== 0) {
      if (!Number.isNaN(now)) faults.infinite++;
      continue;
    }
    const at = times[j] as number;
    if (at >= until) break;
    const gap = at - before;
    if (gap <= GAP_MS) {
      if (at >= from) {
        let grown = now - value;
        if (grown < 0) {
          grown = now;
          if (grown > gap * most) {
            faults.implausible++;
            grown = 0;
          }
        }
        if (at >= edge) {
          if (edge !== -Infinity) {
            sum[cell] = grew;
            max[cell] = highest;
          }
          const index = Math.floor((at - from) / BUCKET_MS);
          cell = index - first;
          edge = from + (index + 1) * BUCKET_MS;
          grew = 0;
          highest = 0;
        }
        grew += grown;
        if (grown > highest * gap) highest = grown / gap;
      }
    } else {
      if (before !== -Infinity) keep(runs, start, ended(times, values, j, before, hold), window);
      start = at;
    }
    before = at;
    value = now;
  }
  if (edge !== -Infinity) {
    sum[cell] = grew;
    max[cell] = highest;
  }
  if (before !== -Infinity) keep(runs, start, ended(times, values, count, before, hold), window);
  return runs.length === 0 ? null : made(name, first, sum, max, runs);
}

/** CPU seconds: as `counterPart`, and a fall to more than a node can do is not believed. */
export const cpuPart = (
  name: PartName,
  times: Float64Array,
  values: Float64Array,
  count: number,
  hold: number,
  making: Making,
): Part | null => counterPart(name, times, values, count, hold, making, MOST_PER_MS);

/** A gauge: each sample weighs the time until the next, or one scrape interval before a gap. */
export function gaugePart(
  name: PartName,
  times: Float64Array,
  values: Float64Array,
  count: number,
  hold: number,
  { window, cells, faults }: Making,
): Part | null {
  const touched = range(times, count, hold, window);
  if (touched === null) return null;
  const { first, length } = touched;
  const sum = cells.zeros(length);
  const max = cells.zeros(length);
  const runs: Run[] = [];
  const { from, until } = window;
  const origin = from + first * BUCKET_MS;
  let before = -Infinity;
  let value = 0;
  let start = Number.NaN;
  // The bucket that time has come to, where it ends, and its figures so far. Written out, not as
  // functions: a number that two of them share is made anew for every sample.
  let cell = -1;
  let edge = origin;
  let weighed = 0;
  let highest = 0;
  for (let j = 0; j <= count; j++) {
    let at = Infinity;
    let now = 0;
    if (j < count) {
      now = values[j] as number;
      if (now - now !== 0) {
        if (!Number.isNaN(now)) faults.infinite++;
        continue;
      }
      at = times[j] as number;
      // Most samples end in the bucket that time has come to.
      if (at <= edge && at < until && cell >= 0) {
        weighed += value * (at - before);
        if (value > highest) highest = value;
        before = at;
        value = now;
        continue;
      }
    }
    const over = at >= until;
    if (before === -Infinity) start = at;
    else {
      const gap = over || at - before > GAP_MS;
      let end = gap ? ended(times, values, over ? count : j, before, hold) : at;
      if (gap) {
        keep(runs, start, end, window);
        start = at;
        if (end > until) end = until;
      }
      // The last value weighs until then, or until the day ends.
      for (let since = before < from ? from : before; since < end;) {
        if (since >= edge) {
          if (cell >= 0) {
            sum[cell] = weighed;
            max[cell] = highest;
          }
          cell = Math.floor((since - origin) / BUCKET_MS);
          edge = origin + (cell + 1) * BUCKET_MS;
          weighed = 0;
          highest = 0;
        }
        const stop = end < edge ? end : edge;
        weighed += value * (stop - since);
        if (value > highest) highest = value;
        since = stop;
      }
    }
    if (over) break;
    before = at;
    value = now;
  }
  if (cell >= 0) {
    sum[cell] = weighed;
    max[cell] = highest;
  }
  return runs.length === 0 ? null : made(name, first, sum, max, runs);
}

const made = (
  { id, job, origin }: PartName,
  first: number,
  sum: Float64Array,
  max: Float64Array,
  runs: Run[],
): Part => ({ id, job, origin, first, sum, max, runs });

/** When what was seen at `last` ended: one scrape interval on, or at the NaN that followed it. */
function ended(
  times: Float64Array,
  values: Float64Array,
  next: number,
  last: number,
  hold: number,
): number {
  let end = last + hold;
  for (let j = next - 1; j >= 0 && (times[j] as number) > last; j--)
    if (Number.isNaN(values[j])) end = Math.min(end, times[j] as number);
  return end;
}

function keep(runs: Run[], from: number, until: number, window: Window): void {
  const start = Math.max(from, window.from);
  const end = Math.min(until, window.until);
  if (end > start) runs.push({ from: start, until: end, value: 1 });
}

/** Which of two jobs is kept where both say the same, and how often the other was left out. */
export type Duplicates = Map<string, number>;

/**
 * Of series that say the same of the same life over the same time one is kept: first by `rank` of its
 * job, then by name. Different lives, and one life told by turns, are added: a restarted container's
 * use is the sum of its series, never their average.
 */
export function settle(
  parts: readonly Part[],
  rank: (job: string) => number,
  duplicates: Duplicates,
): Part[] {
  if (parts.length < 2) return [...parts];
  const sorted = parts.toSorted(
    (a, b) =>
      rank(a.job) - rank(b.job) ||
      text(a.job, b.job) ||
      text(a.id, b.id) ||
      text(a.origin, b.origin) ||
      (a.runs[0]?.from ?? 0) - (b.runs[0]?.from ?? 0),
  );
  const kept: Part[] = [];
  for (const part of sorted) {
    const twin = kept.find((other) => other.id === part.id && overlap(other.runs, part.runs));
    if (twin === undefined) kept.push(part);
    else {
      const name = `${twin.job} kept, ${part.job} left out`;
      duplicates.set(name, (duplicates.get(name) ?? 0) + 1);
    }
  }
  return kept;
}

const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

// Two tellers that take turns may both be there for a scrape or two.
function overlap(a: readonly Run[], b: readonly Run[]): boolean {
  let shared = 0;
  for (const left of a)
    for (const right of b)
      shared += Math.max(0, Math.min(left.until, right.until) - Math.max(left.from, right.from));
  return shared > BUCKET_MS;
}
