import { BUCKET_MS, GAP_MS, type Run, type Window } from "../../../ingest/prometheus/runs.ts";

/**
 * What a series of samples comes to, in TypeScript and over whole arrays: the oracle of
 * `ingest/prometheus/samples.wasm`, to the last bit. Each function says its rule.
 */

export interface Series {
  times: readonly number[];
  values: readonly number[];
  /** Milliseconds that a sample holds where none follows. */
  hold: number;
  window: Window;
}

export interface Figures {
  first: number;
  sum: number[];
  max: number[];
  runs: Run[];
  infinite: number;
  implausible: number;
}

const nothing = (): Figures => ({
  first: 0,
  sum: [],
  max: [],
  runs: [],
  infinite: 0,
  implausible: 0,
});

/** Figures of the buckets that samples in the window touch, the one held into it included; null: none. */
function touched({ times, hold, window }: Series): Figures | null {
  const begin = times[0] as number;
  const end = (times.at(-1) as number) + Math.max(hold, GAP_MS);
  if (begin >= window.until || end <= window.from) return null;
  const first = Math.floor((Math.max(begin, window.from) - window.from) / BUCKET_MS);
  const last = Math.ceil((Math.min(end, window.until) - window.from) / BUCKET_MS);
  const zeros = () => Array.from({ length: last - first }, () => 0);
  return { ...nothing(), first, sum: zeros(), max: zeros() };
}

/** When what was seen at `last` ended: one scrape interval on, or at the NaN that followed it. */
function ended({ times, values, hold }: Series, last: number, next = times.length): number {
  const stale = times.findIndex((at, j) => at > last && j < next && Number.isNaN(values[j]));
  return Math.min(last + hold, times[stale] ?? Infinity);
}

function keep(runs: Run[], from: number, until: number, value: number, window: Window): void {
  const run = { from: Math.max(from, window.from), until: Math.min(until, window.until), value };
  if (run.until > run.from) runs.push(run);
}

/**
 * What it grew from one scrape to the next belongs to the bucket of the later scrape. A fall is a
 * restart from zero, one to more than `most` a millisecond not believed. Nothing is bridged over a gap.
 */
export function counter(series: Series, most: number): Figures {
  const { times, values, window } = series;
  const figures = touched(series);
  if (figures === null) return nothing();
  const { first, sum, max, runs } = figures;
  let before = -Infinity;
  let value = 0;
  let start = 0;
  for (const [j, at] of times.entries()) {
    const now = values[j] as number;
    if (!Number.isFinite(now)) {
      if (!Number.isNaN(now)) figures.infinite++;
      continue;
    }
    if (at >= window.until) break;
    const gap = at - before;
    if (gap <= GAP_MS) {
      if (at >= window.from) {
        let grown = now - value;
        if (grown < 0) {
          grown = now;
          if (grown > gap * most) {
            figures.implausible++;
            grown = 0;
          }
        }
        const cell = Math.floor((at - window.from) / BUCKET_MS) - first;
        sum[cell] = (sum[cell] as number) + grown;
        max[cell] = Math.max(max[cell] as number, grown / gap);
      }
    } else {
      if (before !== -Infinity) keep(runs, start, ended(series, before, j), 1, window);
      start = at;
    }
    before = at;
    value = now;
  }
  if (before !== -Infinity) keep(runs, start, ended(series, before), 1, window);
  return figures;
}

/** Each sample weighs the time until the next, or until it ended before a gap or the window's end. */
export function gauge(series: Series): Figures {
  const { times, values, window } = series;
  const figures = touched(series);
  if (figures === null) return nothing();
  const { first, sum, max, runs } = figures;
  let before = -Infinity;
  let value = 0;
  let start = 0;
  for (let j = 0; j <= times.length; j++) {
    const at = times[j] ?? Infinity;
    const now = values[j] ?? 0;
    if (!Number.isFinite(now)) {
      if (!Number.isNaN(now)) figures.infinite++;
      continue;
    }
    const over = at >= window.until;
    if (before === -Infinity) start = at;
    else {
      let end = at;
      if (over || at - before > GAP_MS) {
        end = ended(series, before, over ? times.length : j);
        keep(runs, start, end, 1, window);
        start = at;
      }
      for (let since = Math.max(before, window.from); since < Math.min(end, window.until);) {
        const bucket = Math.floor((since - window.from) / BUCKET_MS);
        const stop = Math.min(end, window.until, window.from + (bucket + 1) * BUCKET_MS);
        sum[bucket - first] = (sum[bucket - first] as number) + value * (stop - since);
        max[bucket - first] = Math.max(max[bucket - first] as number, value);
        since = stop;
      }
    }
    if (over) break;
    before = at;
    value = now;
  }
  return figures;
}

/** The runs of one value: a sample holds until the next one, or until it ended before a gap. */
export function state(series: Series): Figures {
  const { times, values, window } = series;
  const figures = nothing();
  for (const value of values) if (Math.abs(value) === Infinity) figures.infinite++;
  const there = times
    .map((at, j) => ({ at, j, value: values[j] as number }))
    .filter(({ value }) => Number.isFinite(value));
  for (const [index, { at, value }] of there.entries()) {
    if (at >= window.until) break;
    const next = there[index + 1];
    const follows = next !== undefined && next.at - at <= GAP_MS;
    const end = follows ? next.at : ended(series, at, next?.j);
    const one: Run[] = [];
    keep(one, at, end, value, window);
    const [run] = one;
    const last = figures.runs.at(-1);
    if (run === undefined) continue;
    if (last !== undefined && last.value === value && last.until >= run.from)
      last.until = run.until;
    else figures.runs.push(run);
  }
  return figures;
}
