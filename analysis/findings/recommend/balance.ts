import { MOST_CPU } from "./series.ts";
import { bucketOf, BUCKETS, SortedCpu, startOf } from "./sorted.ts";
import type { Summary } from "./summary.ts";

/**
 * The CPU request at which a core more costs as much as the shortage it spares: of all requests r the one with
 * the least
 *
 *   r + p · 20 · shortage(r) + p² · √(mean · 100 m) · (3 · timeOver(r) + 2 where timeOver(r) is above 4 %)
 *
 * where shortage is the average use above r, timeOver the part of time above it, mean the average use, and p how
 * dear a shortage is (1: as a balanced workload's). The first term alone makes it the quantile at which a core is
 * short for a twentieth of the time, as the newsvendor's (Arrow, Harris, Marschak, Econometrica 1951). The
 * second counts minutes, and an objective that is missed: a long steep tail buys few of them with a core and a
 * flat one many, so that what is saved on the first is spent on the second. A small service's minute is felt
 * nearly as a large one's, hence the root. Depth goes with p and minutes with its square: who saves wants the
 * work done, whatever the minute.
 *
 * A quantile with a margin of so many percent spends the same on every workload, also where nothing was ever
 * used between the quantile and the margin. docs/decisions/0042 compares the two.
 */
const DEPTH = 20;
const MINUTES = 3;
const MISSED = 2;
/** Part of the time a request may be too small for; one in a hundred is kept of the twentieth that is looked at. */
const OBJECTIVE = 0.04;
/** Microcores. */
const SMALL = 100_000;
/** What the last 14 days weigh beside the last 2, which are in them once more: three to one. */
const RECENT = 3;
/** One part in so many of the time counts as if the tier's margin more had been used: no level stays for ever. */
const GROWN = 20;

/** Use as the rule sees it: values in microcores, ascending, with the part of time and the average use above each. */
export interface Balance {
  /** Values, by bucket. */
  readonly buckets: Int32Array;
  readonly timeOver: Float64Array;
  readonly shortage: Float64Array;
  readonly mean: number;
}

interface Pool {
  cpu: SortedCpu;
  weight: number;
}

const weights = new Float64Array(BUCKETS);

/** Use that is reckoned with; null where nothing was used. @param margin parts of a hundred, over 100 */
export function balanceOf(summary: Summary, margin: number): Balance | null {
  const pools = poolsOf(summary);
  if (pools.length === 0) return null;
  let lowest = BUCKETS;
  let highest = -1;
  const put = (bucket: number, weight: number) => {
    weights[bucket] = (weights[bucket] as number) + weight;
    if (bucket < lowest) lowest = bucket;
    if (bucket > highest) highest = bucket;
  };
  const all = pools.reduce((sum, { weight }) => sum + weight, 0);
  for (const { cpu, weight } of pools) {
    const each = weight / all / cpu.seconds / GROWN;
    cpu.eachBucket((bucket, seconds) => {
      put(bucket, each * seconds * (GROWN - 1));
      put(grownBucket(bucket, margin), each * seconds);
    });
  }
  let count = 0;
  for (let bucket = lowest; bucket <= highest; bucket++) if (weights[bucket] !== 0) count++;
  const balance = {
    buckets: new Int32Array(count),
    timeOver: new Float64Array(count),
    shortage: new Float64Array(count),
    mean: 0,
  };
  let above = 0;
  let value = startOf(highest);
  let shortage = 0;
  for (let bucket = highest; bucket >= lowest; bucket--) {
    const weight = weights[bucket] as number;
    if (weight === 0) continue;
    weights[bucket] = 0;
    const start = startOf(bucket);
    shortage += above * (value - start);
    value = start;
    count--;
    balance.buckets[count] = bucket;
    balance.timeOver[count] = above;
    balance.shortage[count] = shortage;
    above += weight;
    balance.mean += weight * start;
  }
  return balance;
}

function poolsOf({ recent, newest, earlier }: Summary): Pool[] {
  const pools =
    recent.seconds > 0
      ? [
          { cpu: recent, weight: RECENT },
          { cpu: newest, weight: 1 },
        ]
      : [{ cpu: earlier, weight: 1 }];
  return pools.filter(({ cpu }) => cpu.seconds > 0);
}

function grown(value: number, margin: number): number {
  return Math.min(MOST_CPU, Math.ceil((value * margin) / 100));
}

function grownBucket(bucket: number, margin: number): number {
  return bucketOf(grown(startOf(bucket), margin));
}

/** Where the least cost is: a place in the balance. @param dear what a shortage costs, 1 as a balanced workload's */
export function cheapest({ buckets, timeOver, shortage, mean }: Balance, dear: number): number {
  const depth = dear * DEPTH;
  const minutes = dear * dear * Math.sqrt(mean * SMALL);
  let place = 0;
  let least = Infinity;
  for (let index = 0; index < buckets.length; index++) {
    const over = timeOver[index] as number;
    const cost =
      startOf(buckets[index] as number) +
      depth * (shortage[index] as number) +
      minutes * (MINUTES * over + (over > OBJECTIVE ? MISSED : 0));
    if (cost >= least) continue;
    least = cost;
    place = index;
  }
  return place;
}

/** The microcores of the request at a place: what was used there, or with the margin would have been, and no less. */
export function requestAt(
  balance: Balance,
  place: number,
  summary: Summary,
  margin: number,
): number {
  const bucket = balance.buckets[place] as number;
  let most = 0;
  for (const { cpu } of poolsOf(summary)) {
    let last = -1;
    let itself = false;
    cpu.eachBucket((from) => {
      if (from === bucket) itself = true;
      if (grownBucket(from, margin) === bucket) last = from;
    });
    if (itself) most = Math.max(most, cpu.highestOf(bucket));
    if (last !== -1) most = Math.max(most, grown(cpu.highestOf(last), margin));
  }
  return most;
}
