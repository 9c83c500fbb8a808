import { TIERS } from "../../../analysis/findings/settings.ts";
import { factsOf, podsOf, type Shape, sizesOf, windowOf } from "./shape.ts";

/**
 * What must be said of a shape, reckoned again without a line of the code under test: sample by sample and with
 * plain lists, from the words of docs/findings.md and of the peers' published algorithms.
 */

const MIB = 1_048_576;
const DAY = 86_400;
const RECENT_DAYS = 14;

interface Sample {
  at: number;
  seconds: number;
  cpu: number;
}

/** The smallest value so that this part of all time is at or under it. */
function byTime(samples: readonly Sample[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a.cpu - b.cpu);
  const all = sorted.reduce((sum, one) => sum + one.seconds, 0);
  let under = 0;
  for (const { cpu, seconds } of sorted) {
    under += seconds;
    if (under * 100 >= percent * all) return cpu;
  }
  return 0;
}

/** Interpolated at rank p(n-1), as numpy's default does. */
function byRank(points: readonly number[], p: number): number {
  const sorted = points.toSorted((a, b) => a - b);
  const rank = p * (sorted.length - 1);
  const [low = 0, high = 0] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return low + (high - low) * (rank - Math.floor(rank));
}

/** KRR `simple`: the highest pod's P95 of 75-second points of 14 days, up to 1 m and at least 10; memory's highest × 1.15, up to 1 MiB and at least 100. */
export function krrPlainly(shape: Shape): { cpu: number | null; memory: number | null } {
  const { until } = windowOf(shape);
  const pods = podsOf(shape)
    .map(({ rows }) => rows.filter(({ at }) => at >= until - 14 * DAY))
    .filter((rows) => rows.length > 0);
  const points = pods.flat().reduce((sum, { seconds }) => sum + seconds / 75, 0);
  if (points < 100) return { cpu: null, memory: null };
  const p95 = pods.map((rows) =>
    byRank(
      rows.flatMap(({ cpu }) => [cpu, cpu, cpu, cpu]),
      0.95,
    ),
  );
  const most = Math.max(...pods.flat().map(({ mem }) => mem));
  const up = (value: number) => Math.ceil(Math.round(value * 1e6) / 1e6);
  return {
    cpu:
      (factsOf(shape).autoscaler?.cpu ?? "no") !== "no"
        ? null
        : Math.max(10, up(Math.max(...p95) / 1000)),
    memory: Math.max(100, up((most * 1.15) / MIB)),
  };
}

/** VPA's bucket of a value: starts at first · (1.05^b - 1) / 0.05. */
function bucketEnd(value: number, first: number): number {
  let end = 0;
  for (let bucket = 1; end <= value; bucket++) end = (first * (1.05 ** bucket - 1)) / 0.05;
  return end;
}

/** The end of the first bucket at which nine tenths of the weight are reached. */
function target(samples: readonly { value: number; weight: number }[], first: number): number {
  const byEnd = new Map<number, number>();
  for (const { value, weight } of samples) {
    const end = bucketEnd(value, first);
    byEnd.set(end, (byEnd.get(end) ?? 0) + weight);
  }
  const all = [...byEnd.values()].reduce((sum, weight) => sum + weight, 0);
  let under = 0;
  for (const [end, weight] of [...byEnd].toSorted(([a], [b]) => a - b)) {
    under += weight;
    if (under >= 0.9 * all) return end;
  }
  return 0;
}

/** VPA's target: P90 of weights that halve each day, 15 % on top, at least 25 m and 250 MiB; memory by its highest of each 24 hours of a container. */
export function vpaPlainly(shape: Shape): { cpu: number; memory: number } {
  const { until } = windowOf(shape);
  const weight = (at: number) => 2 ** ((at - until) / DAY);
  const cpu = podsOf(shape).flatMap(({ rows }) =>
    rows.map(({ at, seconds, cpu }) => ({
      value: cpu / 1e6,
      weight: (weight(at) * seconds) / 60,
    })),
  );
  const request = Math.max(0, sizesOf(shape).memRequest);
  const peaks = podsOf(shape).flatMap(({ rows }) => {
    const first = rows[0]?.at ?? 0;
    const windows = Map.groupBy(rows, ({ at }) => Math.floor((at - first) / DAY));
    return [...windows].map(([window, of]) => {
      const killed = of.findIndex(({ oom }) => oom > 0);
      const before = Math.max(0, ...of.slice(0, killed + 1).map(({ mem }) => mem), request);
      const needed = killed === -1 ? 0 : Math.trunc(Math.max(before + 100 * MIB, before * 1.2));
      return {
        value: Math.max(needed, ...of.map(({ mem }) => mem)),
        weight: weight(first + (window + 1) * DAY),
      };
    });
  });
  const withMargin = (amount: number) => amount + Math.trunc(amount * 0.15);
  return {
    cpu: Math.max(25, withMargin(Math.trunc(target(cpu, 0.01) * 1000))),
    memory: Math.max(250 * MIB, withMargin(Math.trunc(target(peaks, 1e7)))),
  };
}

/** What of a shape's CPU counts: not a process's first five minutes, but for jobs, and but where that leaves under half. */
function settled(shape: Shape): Sample[] {
  const { from } = windowOf(shape);
  const pods = podsOf(shape);
  const all = pods.flatMap(({ rows }) => rows);
  if (shape.runs !== undefined) return all;
  const counted = pods.flatMap(({ rows }) =>
    rows.filter(({ at, restarts }, index) => restarts === 0 && (index > 0 || at === from)),
  );
  return counted.length * 2 < all.length ? all : counted;
}

/** What a request costs with the shortage it leaves: docs/findings.md, "The rule"; of uses by their parts of all time. */
function costOf(request: number, use: ReadonlyMap<number, number>, dear: number): number {
  let [shortage, over, mean] = [0, 0, 0];
  for (const [value, part] of use) {
    mean += value * part;
    if (value <= request) continue;
    shortage += (value - request) * part;
    over += part;
  }
  const minutes = 3 * over + (over > 0.04 ? 2 : 0);
  return request + dear * 20 * shortage + dear * dear * Math.sqrt(mean * 100_000) * minutes;
}

/** Our CPU request, millicores, without abstentions. */
export function cpuPlainly(shape: Shape): number {
  const { until } = windowOf(shape);
  const { tier } = factsOf(shape);
  const { cpu: margin, shortage } = TIERS[tier];
  const more = (value: number) => Math.ceil((value * margin) / 100);
  const samples = settled(shape);
  const recent = samples.filter(({ at }) => at >= until - RECENT_DAYS * DAY);
  const newest = samples.filter(({ at }) => at >= until - 2 * DAY);
  const use = new Map<number, number>();
  const pools: [Sample[], number][] = newest.length === 0 ? [[recent, 1]] : [[recent, 0.75], [newest, 0.25]]; // prettier-ignore
  for (const [pool, share] of pools) {
    const time = pool.reduce((sum, { seconds }) => sum + seconds, 0);
    for (const { cpu, seconds } of pool)
      for (const [value, part] of [
        [cpu, 0.95],
        [more(cpu), 0.05],
      ] as const)
        // prettier-ignore
        use.set(value, (use.get(value) ?? 0) + (share * part * seconds) / time);
  }
  const asked = [...use.keys()].toSorted((a, b) => a - b);
  const costs = asked.map((request) => costOf(request, use, shortage));
  const worth = asked[costs.indexOf(Math.min(...costs))] ?? 0;
  const base = Math.max(more(Math.max(byTime(recent, 95), byTime(newest, 95))), 10_000);
  return Math.max(10, Math.ceil(Math.max(worth, more(guarded(samples, 2 * base))) / 1000));
}

/** What the burst guard covers: 95 % of hours that are above `far` by schedule or at the month's turn; 0: none. */
function guarded(samples: readonly Sample[], far: number): number {
  const hours = Map.groupBy(samples, ({ at }) => Math.floor(at / 3600));
  const high = new Map([...hours].filter(([, of]) => byTime(of, 95) > far));
  const turn = (hour: number) => {
    const [then, later] = [0, 2].map((days) => new Date((hour * 3600 + days * DAY) * 1000));
    return (then?.getUTCDate() ?? 9) <= 3 || then?.getUTCMonth() !== later?.getUTCMonth();
  };
  if (high.size > 0 && [...high.keys()].every(turn)) return byTime([...high.values()].flat(), 95);
  const counts = Array.from(
    { length: 24 },
    (_, hour) => [...high.keys()].filter((one) => one % 24 === hour).length,
  );
  const others = counts.toSorted((a, b) => a - b)[17] ?? 0;
  return Math.max(
    0,
    ...counts.map((count, hour) => {
      const same = [...hours].filter(([one]) => one % 24 === hour).flatMap(([, of]) => of);
      if (count < 3 || count <= 4 * others || byTime(same, 95) <= far) return 0;
      return byTime([...high].filter(([one]) => one % 24 === hour).flatMap(([, of]) => of), 95); // prettier-ignore
    }),
  );
}

/** Our memory request and limit, MiB, without abstentions and of what does not leak. */
export function memoryPlainly(shape: Shape): { request: number; limit: number } {
  const margin = TIERS[factsOf(shape).tier].memory;
  const most = Math.max(...podsOf(shape).flatMap(({ rows }) => rows.map(({ mem }) => mem)));
  const limit = sizesOf(shape).memLimit;
  const used = Math.ceil((most * margin) / 100 / MIB);
  if (shape.oom === undefined) return { request: Math.max(32, used), limit: Math.max(32, used) };
  const least = Math.ceil(Math.max(limit * 1.25, limit + 100 * MIB) / MIB);
  const cut = most >= 0.75 * limit;
  return { request: Math.max(32, used, cut ? least : 0), limit: Math.max(32, used, least) };
}
