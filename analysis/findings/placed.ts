import { Arena } from "../../data/arena.ts";
import { instantiate } from "../../data/wasm.ts";
import type { Series } from "./recommend/series.ts";

/**
 * Where the loops over samples find a series: one at a time lies in their memory, and beside it what rules
 * count of it. All of that is good until the next series is placed.
 */

/** Addresses of a series' columns; each is said by the loops' source. */
export interface Placed {
  length: number;
  slot: number;
  seconds: number;
  cpu: number;
  mem: number;
  /** 0: never throttled. */
  throttled: number;
  /** A byte by sample: 1 where it counts for CPU; anything until `summarise` says. */
  settled: number;
  /** Room for as many numbers of 64 bits as there are samples. */
  gathered: number;
}

/** The loops of `assembly/shared/rules.ts`, and what each takes. */
export interface Rules {
  secondsOf(seconds: number, from: number, until: number): number;
  most(numbers: number, from: number, until: number): number;
  mostAlive(alive: number, count: number): number;
  pod(
    slot: number,
    seconds: number,
    cpu: number,
    mem: number,
    throttled: number,
    settled: number,
    from: number,
    until: number,
    hours: number,
    room: number,
    pods: number,
    alive: number,
    totals: number,
  ): void;
  raiseHours(column: number, seconds: number, first: number, last: number, value: number): void;
  timeAbove(
    slot: number,
    seconds: number,
    cpu: number,
    settled: number,
    from: number,
    until: number,
    level: number,
    highest: number,
    above: number,
    time: number,
  ): void;
  exceeded(
    seconds: number,
    cpu: number,
    mem: number,
    settled: number,
    from: number,
    until: number,
    cpuLevel: number,
    cpuNow: number,
    memLevel: number,
    memNow: number,
    out: number,
  ): void;
  lifeHours(
    slot: number,
    mem: number,
    from: number,
    until: number,
    hours: number,
    highest: number,
    length: number,
  ): number;
  count(
    cpu: number,
    seconds: number,
    settled: number,
    from: number,
    until: number,
    buckets: number,
    range: number,
  ): number;
  bucketOfTime(
    buckets: number,
    highest: number,
    total: number,
    percent: number,
    under: number,
  ): number;
  bucketOfRank(
    buckets: number,
    highest: number,
    samples: number,
    rank: number,
    under: number,
  ): number;
  gather(
    cpu: number,
    seconds: number,
    settled: number,
    from: number,
    until: number,
    bucket: number,
    into: number,
    length: number,
  ): number;
  sort(numbers: number, from: number, until: number): void;
  valueAt(sorted: number, index: number): number;
  valueOfTime(
    sorted: number,
    length: number,
    under: number,
    total: number,
    percent: number,
  ): number;
  vpaCpu(
    cpu: number,
    slot: number,
    seconds: number,
    from: number,
    until: number,
    steps: number,
    stepCount: number,
    bucketCount: number,
    starts: number,
    factors: number,
    factor: number,
    weight: number,
    least: number,
    weights: number,
    state: number,
  ): number;
  show(seconds: number, kills: number, pods: number, shown: number, hours: number): void;
  column(
    values: number,
    seconds: number,
    shown: number,
    hours: number,
    unit: number,
    out: number,
  ): void;
  pack(numbers: number, length: number, out: number): number;
}

export const arena = new Arena();
export const rules = instantiate(
  new URL("./rules.wasm", import.meta.url),
  arena.memory,
) as unknown as Rules;

const WIDTHS = { slot: 2, seconds: 2, cpu: 4, mem: 8, throttled: 4, settled: 1, gathered: 8 };

let room = 0;
let columns = Object.fromEntries(Object.keys(WIDTHS).map((name) => [name, 0])) as Record<
  keyof typeof WIDTHS,
  number
>;
let last: Series | undefined;
let placed: Placed = { ...columns, length: 0 };

/** Puts a series' samples into the loops' memory, unless it is the one that lies there. */
export function place(series: Series): Placed {
  if (last === series) return placed;
  const length = series.pods.at(-1)?.until ?? 0;
  if (length > room) {
    room = Math.ceil(length * 1.5);
    columns = Object.fromEntries(
      Object.entries(WIDTHS).map(([name, width]) => [name, arena.reserve(room * width)]),
    ) as typeof columns;
  }
  const { buffer } = arena;
  const { slot, seconds, cpu, mem, throttled } = columns;
  const wasThrottled = series.throttled.length > 0;
  new Uint16Array(buffer, slot, length).set(series.slot.subarray(0, length));
  new Uint16Array(buffer, seconds, length).set(series.seconds.subarray(0, length));
  new Uint32Array(buffer, cpu, length).set(series.cpu.subarray(0, length));
  new Float64Array(buffer, mem, length).set(series.mem.subarray(0, length));
  if (wasThrottled)
    new Uint32Array(buffer, throttled, length).set(series.throttled.subarray(0, length));
  last = series;
  placed = { ...columns, throttled: wasThrottled ? throttled : 0, length };
  return placed;
}

/** Which of the placed samples count for CPU. */
export const settledOf = ({ settled, length }: Placed): Uint8Array =>
  new Uint8Array(arena.buffer, settled, length);

/** So many doubles of the loops' memory that are kept; they hold nothing yet. */
export function keptNumbers(count: number): { at: number; numbers: Float64Array } {
  const at = arena.reserve(count * 8);
  return { at, numbers: new Float64Array(arena.buffer, at, count) };
}

/** The same of bytes. */
export function keptBytes(count: number): Uint8Array {
  const at = arena.reserve(count);
  return new Uint8Array(arena.buffer, at, count);
}
