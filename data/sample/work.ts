import type { Pod, Running } from "./pods.ts";
import { BUCKET, DAY } from "./time.ts";
import { memory, rate } from "./values.ts";

/**
 * A container's day: millicores and KiB of the bucket before the day and its 288, and the core-milliseconds its pod's
 * container had used, restarts not counted, at the begin of each and at the end of the day.
 */
export interface Work {
  readonly rates: Int32Array;
  readonly memory: Int32Array;
  readonly used: Float64Array;
}

const BUCKETS = DAY / BUCKET;

/** Knows how much containers had used by a time. Asked day after day it goes on from where it was. */
export class Works {
  readonly #reached = new Map<string, { bucket: number; used: number }>();
  readonly #days = new Map<string, { day: number; work: Work }>();
  readonly #by = new Map<string, { time: number; used: number }>();

  /** A container's day (days since 1970). */
  on(pod: Pod, container: Running, day: number): Work {
    const key = `${pod.uid} ${container.container.name}`;
    const known = this.#days.get(key);
    if (known?.day === day) return known.work;
    const first = day * BUCKETS - 1;
    const rates = new Int32Array(BUCKETS + 1);
    const held = new Int32Array(BUCKETS + 1);
    const used = new Float64Array(BUCKETS + 2);
    const began = Math.floor(container.began / BUCKET);
    let sum = this.#upTo(key, container, first);
    for (let index = 0; index <= BUCKETS; index++) {
      const bucket = first + index;
      used[index] = sum;
      if (bucket < began) continue;
      const millicores = rate(container, bucket);
      rates[index] = millicores;
      held[index] = memory(container, bucket);
      const start = bucket * BUCKET;
      sum += millicores * (BUCKET - Math.max(0, container.began - start));
    }
    used[BUCKETS + 1] = sum;
    this.#reached.set(key, { bucket: first + BUCKETS, used: used[BUCKETS] ?? 0 });
    const work = { rates, memory: held, used };
    this.#days.set(key, { day, work });
    return work;
  }

  /** Core-milliseconds used up to the begin of a bucket. */
  #upTo(key: string, container: Running, bucket: number): number {
    const reached = this.#reached.get(key);
    const began = Math.floor(container.began / BUCKET);
    let from = began;
    let sum = 0;
    if (reached !== undefined && reached.bucket <= bucket) ({ bucket: from, used: sum } = reached);
    for (let at = from; at < bucket; at++)
      sum += rate(container, at) * (BUCKET - Math.max(0, container.began - at * BUCKET));
    return sum;
  }

  /** Core-milliseconds a container had used by a time, restarts not counted. */
  by(pod: Pod, container: Running, time: number): number {
    if (time <= container.began) return 0;
    const key = `${pod.uid} ${container.container.name}`;
    const known = this.#by.get(`${key} ${time}`);
    if (known !== undefined) return known.used;
    const bucket = Math.floor(time / BUCKET);
    const start = Math.max(bucket * BUCKET, container.began);
    const used = this.#upTo(key, container, bucket) + rate(container, bucket) * (time - start);
    this.#by.set(`${key} ${time}`, { time, used });
    return used;
  }

  /** Lets go of containers that were last asked about before a day. */
  forget(before: number): void {
    for (const [key, { bucket }] of this.#reached)
      if (bucket < before * BUCKETS) this.#reached.delete(key);
    for (const [key, { day }] of this.#days) if (day < before) this.#days.delete(key);
    // A pod lives for two weeks at most.
    for (const [key, { time }] of this.#by) if (time < (before - 20) * DAY) this.#by.delete(key);
  }
}
