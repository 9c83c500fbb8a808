import { mix, seedOf } from "./random.ts";
import { BUCKET, DAY } from "./time.ts";
import type { Container, Shape } from "./workload.ts";

/** Per mille of the typical use, for each five minutes of a day. */
const DAILY: Record<Shape, Int32Array> = {
  web: Int32Array.from({ length: 288 }, (_, index) => {
    const hour = index / 12;
    const wave = Math.max(0, 1 - Math.abs(hour - 12.5) / 7);
    return Math.round(220 + 1500 * wave * wave);
  }),
  flat: new Int32Array(288).fill(1000),
  asleep: new Int32Array(288).fill(1000),
  job: new Int32Array(288).fill(1000),
};
const WEEKEND: Record<Shape, number> = { web: 350, flat: 900, asleep: 1000, job: 1000 };

const BUCKETS = DAY / BUCKET;
/** Memory moves once in so many buckets. */
const HOLD = 12;
const PAGES = 64;

/** What a container does: its use is a pure function of this and the time. `began` is when its pod started. */
export interface Worker {
  readonly container: Container;
  readonly seed: number;
  readonly began: number;
}

/** Makes the worker of a pod's container. */
export function workerOf(uid: string, container: Container, began: number): Worker {
  return { container, seed: seedOf(`${uid} ${container.name}`), began };
}

/** The millicores a container uses throughout a bucket; `bucket` counts five minutes since 1970. */
export function rate(worker: Worker, bucket: number): number {
  const { container, seed } = worker;
  const { burst, shape, cpu } = container;
  const start = bucket * BUCKET;
  if (burst !== undefined && burst.from <= start && start < burst.until) return burst.cpu;
  const random = mix(seed, bucket);
  if (shape === "asleep") return random % 4 === 0 ? cpu : 0;
  const weekday = (Math.floor(bucket / BUCKETS) + 4) % 7;
  const daily = DAILY[shape][bucket % BUCKETS] ?? 0;
  const week = weekday === 0 || weekday === 6 ? WEEKEND[shape] : 1000;
  const noisy = 640 + (random & 511) + ((random >>> 20) % 40 === 0 ? 900 : 0);
  const wanted = Math.max(1, Math.floor((cpu * daily * week * noisy) / 900_000_000));
  const even = wanted < 100 ? wanted : wanted - (wanted % 10);
  return container.cpuLimit === null ? even : Math.min(even, container.cpuLimit);
}

/** The KiB of memory a container uses throughout a bucket. */
export function memory(worker: Worker, bucket: number): number {
  const { container, seed, began } = worker;
  const age = Math.floor((bucket - began / BUCKET) / HOLD);
  const full = container.memory * 1024;
  if (container.shape === "asleep") return full;
  // Fills its caches in a day, then moves up and down a little.
  const filled = Math.min(24, Math.max(0, age) + 4);
  const moved = mix(seed, Math.floor(bucket / HOLD)) % 60;
  const wanted = Math.floor((full * (700 + filled * 10 + moved)) / 1000 / PAGES) * PAGES;
  const limit = container.memoryLimit;
  return limit === null ? wanted : Math.min(wanted, limit * 1024);
}
