import { type Day, dayOf } from "./calendar.ts";
import type { Pool } from "./clusters.ts";
import { mix, seedOf } from "./random.ts";

/** When a node is there on a day, in seconds of that day: in Kubernetes from `from` to before `until`, on the bill for `billed` seconds. */
export interface Presence {
  readonly from: number;
  readonly until: number;
  readonly billed: number;
}

const DAY = 86_400;
/** Hours to eight decimals are whole seconds only in steps of 36. */
const STEP = 36;
/** A machine is billed before its kubelet has joined. */
const BOOT = 150;

/** On this day this node is in Kubernetes and its hours are missing from the bill. */
export const UNBILLED = {
  environment: "test",
  pool: "apps",
  instance: 1,
  date: "2026-08-12",
} as const;

/**
 * When an instance of a pool is there on a day; null when it is not. It comes on the day it joined, after the days it rests,
 * and after it was evicted, at some time of the day; it goes at midnight, but for a spot machine, which goes when Azure wants it.
 */
export function presence(
  environment: string,
  pool: Pool,
  instance: number,
  day: Day,
): Presence | null {
  if (!exists(pool, instance, day)) return null;
  const joined = pool.joined[instance - (pool.first ?? 0)];
  const random = mix(seedOf(`join ${environment} ${pool.name} ${instance}`), day.number);
  const yesterday = dayOf(day.number - 1);
  const gone = evicted(environment, pool, instance, yesterday) !== null;
  let from = 0;
  if (joined === day.date) from = 32_400 + (random % 60) * 300;
  else if (gone || !exists(pool, instance, yesterday)) from = 19_800 + (random % 18) * 300;
  const until = evicted(environment, pool, instance, day) ?? DAY;
  const start = from === 0 ? 0 : Math.floor((from - BOOT) / STEP) * STEP;
  const end = until === DAY ? DAY : Math.ceil(until / STEP) * STEP;
  return { from, until, billed: end - start };
}

/** The hours billed for an instance on a day, in 1e-8 hours: whole ones, and the rest of a broken one. */
export function billedHours(
  environment: string,
  pool: Pool,
  instance: number,
  day: Day,
): readonly bigint[] {
  const found = presence(environment, pool, instance, day);
  if (found === null) return [];
  if (
    environment === UNBILLED.environment &&
    pool.name === UNBILLED.pool &&
    instance === UNBILLED.instance &&
    day.date === UNBILLED.date
  )
    return [];
  const whole = BigInt(Math.floor(found.billed / 3600)) * 100_000_000n;
  const rest = BigInt((found.billed % 3600) / STEP) * 1_000_000n;
  return [whole, rest].filter((part) => part > 0n);
}

function exists(pool: Pool, instance: number, day: Day): boolean {
  const joined = pool.joined[instance - (pool.first ?? 0)];
  return (
    joined !== undefined &&
    day.date >= joined &&
    pool.idle?.[instance]?.includes(day.weekday) !== true
  );
}

/** The second of the day at which a spot machine is taken away. */
function evicted(environment: string, pool: Pool, instance: number, day: Day): number | null {
  if (pool.spot !== true) return null;
  const random = mix(seedOf(`evict ${environment} ${pool.name} ${instance}`), day.number);
  return random % 9 === 4 ? 36_000 + ((random >>> 8) % 100) * 300 : null;
}
