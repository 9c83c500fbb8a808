/** Stretches of time something was so. Times are milliseconds since 1970, half-open. */
export interface Run {
  from: number;
  until: number;
  value: number;
}

export interface Window {
  from: number;
  until: number;
}

/** The grain of `usage_5m`. */
export const BUCKET_MS = 300_000;
export const HOUR_MS = 3_600_000;
/** Samples this near to one another are taken as without a gap: five minutes, and a scrape's jitter. */
export const GAP_MS = 301_000;

/** The time any of them covers: sorted, none touching another. */
export function union(runs: readonly Run[]): Run[] {
  if (runs.length < 2) return runs.map((run) => ({ ...run, value: 1 }));
  const sorted = isSorted(runs) ? runs : runs.toSorted(byTime);
  const joined: Run[] = [];
  let last: Run | undefined;
  for (const run of sorted)
    if (last !== undefined && run.from <= last.until) last.until = Math.max(last.until, run.until);
    else joined.push((last = { from: run.from, until: run.until, value: 1 }));
  return joined;
}

const byTime = (a: Run, b: Run) => a.from - b.from || b.until - a.until;

/** Mostly they are, and to sort three makes more garbage than all that is done with them. */
function isSorted(runs: readonly Run[]): boolean {
  for (let at = 1; at < runs.length; at++)
    if (byTime(runs[at - 1] as Run, runs[at] as Run) > 0) return false;
  return true;
}

/** Adds runs to those of a key. */
export function addRuns<K>(held: Map<K, Run[]>, key: K, runs: readonly Run[]): void {
  const known = held.get(key);
  if (known === undefined) held.set(key, [...runs]);
  else known.push(...runs);
}

/** As `union`, with gaps up to five minutes bridged. */
export function bridged(runs: readonly Run[]): Run[] {
  const joined: Run[] = [];
  let last: Run | undefined;
  for (const run of union(runs))
    if (last !== undefined && run.from - last.until <= BUCKET_MS) last.until = run.until;
    else joined.push((last = run));
  return joined;
}

/**
 * One value at a time: where runs overlap the one that began later holds, of two that began together
 * the larger value. The same series told twice by two servers changes nothing.
 */
export function oneValue(runs: readonly Run[]): Run[] {
  if (runs.length < 2) return [...runs];
  const sorted = runs.toSorted((a, b) => a.from - b.from || a.value - b.value || a.until - b.until);
  const out: Run[] = [];
  for (const run of sorted) {
    const resumed: Run[] = [];
    while (out.length > 0) {
      const last = out.at(-1) as Run;
      if (last.until <= run.from) break;
      out.pop();
      if (last.until > run.until) resumed.push({ ...last, from: Math.max(last.from, run.until) });
      if (last.from < run.from) {
        out.push({ ...last, until: run.from });
        break;
      }
    }
    out.push({ ...run }, ...resumed.toReversed());
  }
  return out;
}

/** Where both are, with the value of the first; both are sorted and without overlaps. */
export function intersect(runs: readonly Run[], where: readonly Run[]): Run[] {
  const out: Run[] = [];
  if (where.length === 0) return out;
  let at = 0;
  for (const run of runs) {
    while (at > 0 && (where[at - 1] as Run).until > run.from) at--;
    while (at < where.length && (where[at] as Run).until <= run.from) at++;
    for (let k = at; k < where.length && (where[k] as Run).from < run.until; k++) {
      const other = where[k] as Run;
      out.push({
        from: Math.max(run.from, other.from),
        until: Math.min(run.until, other.until),
        value: run.value,
      });
    }
  }
  return out;
}

/** Milliseconds of runs that do not overlap. */
export function length(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.until - run.from, 0);
}

/** Calls with each cell of a grid that runs touch, and how many milliseconds of it. */
export function spread(
  runs: readonly Run[],
  origin: number,
  cell: number,
  each: (index: number, ms: number, value: number) => void,
): void {
  for (const run of runs)
    for (let from = run.from; from < run.until;) {
      const index = Math.floor((from - origin) / cell);
      const until = Math.min(run.until, origin + (index + 1) * cell);
      each(index, until - from, run.value);
      from = until;
    }
}
