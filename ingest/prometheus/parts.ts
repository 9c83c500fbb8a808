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
  window: Window,
  faults: Faults,
  most = Infinity,
): Part | null {
  const cells = range(times, count, hold, window);
  if (cells === null) return null;
  const { first } = cells;
  const sum = new Float64Array(cells.length);
  const max = new Float64Array(cells.length);
  const runs: Run[] = [];
  const { from, until } = window;
  let before = -Infinity;
  let value = 0;
  let start = Number.NaN;
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
        const cell = Math.floor((at - from) / BUCKET_MS) - first;
        sum[cell] = (sum[cell] as number) + grown;
        const rate = grown / gap;
        if (rate > (max[cell] as number)) max[cell] = rate;
      }
    } else {
      if (before !== -Infinity) keep(runs, start, ended(times, values, j, before, hold), window);
      start = at;
    }
    before = at;
    value = now;
  }
  if (before !== -Infinity) keep(runs, start, ended(times, values, count, before, hold), window);
  return runs.length === 0 ? null : { ...name, first, sum, max, runs };
}

/** CPU seconds: as `counterPart`, and a fall to more than a node can do is not believed. */
export const cpuPart = (
  name: PartName,
  times: Float64Array,
  values: Float64Array,
  count: number,
  hold: number,
  window: Window,
  faults: Faults,
): Part | null => counterPart(name, times, values, count, hold, window, faults, MOST_PER_MS);

/** A gauge: each sample weighs the time until the next, or one scrape interval before a gap. */
export function gaugePart(
  name: PartName,
  times: Float64Array,
  values: Float64Array,
  count: number,
  hold: number,
  window: Window,
  faults: Faults,
): Part | null {
  const cells = range(times, count, hold, window);
  if (cells === null) return null;
  const { first } = cells;
  const sum = new Float64Array(cells.length);
  const max = new Float64Array(cells.length);
  const runs: Run[] = [];
  const { from, until } = window;
  let before = -Infinity;
  let value = 0;
  let start = Number.NaN;
  const held = (end: number) => {
    let at = before < from ? from : before;
    const last = end > until ? until : end;
    if (at >= last) return;
    let cell = Math.floor((at - from) / BUCKET_MS);
    for (;;) {
      const edge = from + (cell + 1) * BUCKET_MS;
      const index = cell - first;
      if (value > (max[index] as number)) max[index] = value;
      if (last <= edge) {
        sum[index] = (sum[index] as number) + value * (last - at);
        return;
      }
      sum[index] = (sum[index] as number) + value * (edge - at);
      at = edge;
      cell++;
    }
  };
  for (let j = 0; j < count; j++) {
    const now = values[j] as number;
    if (now - now !== 0) {
      if (!Number.isNaN(now)) faults.infinite++;
      continue;
    }
    const at = times[j] as number;
    if (at >= until) break;
    if (at - before <= GAP_MS) held(at);
    else {
      if (before !== -Infinity) {
        const end = ended(times, values, j, before, hold);
        held(end);
        keep(runs, start, end, window);
      }
      start = at;
    }
    before = at;
    value = now;
  }
  if (before !== -Infinity) {
    const end = ended(times, values, count, before, hold);
    held(end);
    keep(runs, start, end, window);
  }
  return runs.length === 0 ? null : { ...name, first, sum, max, runs };
}

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
