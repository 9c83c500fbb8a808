import { type FactSink, USAGE_5M, USAGE_HOUR } from "./facts.ts";
import type { Part } from "./parts.ts";
import { type Container, type Pod, setOf } from "./pods.ts";
import { BUCKET_MS, HOUR_MS, intersect, type Run, union, type Window } from "./runs.ts";

/** What one container's figures are made from; parts are settled. */
export interface Measured {
  pod: Pod;
  container: Container;
  /** When its use was measured. */
  used: Run[];
  /** When it was there, as far as anybody saw: measured, or its requests counted. */
  present: Run[];
  /** When its requests counted: in phase Running, on a node that was measured. */
  reserved: Run[];
  /** The pod's network, on its first container only. */
  received: readonly Part[];
  sent: readonly Part[];
}

/** Milliseconds of a byte in a second of a mebibyte. */
const MIB_MS = 1_048_576_000;
const BUCKETS_AN_HOUR = HOUR_MS / BUCKET_MS;
const DAY_BUCKETS = 24 * BUCKETS_AN_HOUR;

// Used again for every container: made anew they would be most of what is thrown away.
const SCRATCH: Float64Array[] = [];
let taken = 0;
const NOTHING = new Float64Array(DAY_BUCKETS + 1);
const FIVE = USAGE_5M.map(() => new Float64Array(DAY_BUCKETS + 1));
const five = (name: (typeof USAGE_5M)[number]) => FIVE[USAGE_5M.indexOf(name)] as Float64Array;
const HOURS = USAGE_HOUR.map(() => new Float64Array(25));
const hourly = (name: (typeof USAGE_HOUR)[number]) =>
  HOURS[USAGE_HOUR.indexOf(name)] as Float64Array;
const at5 = five("at");
const seconds5 = five("seconds");
const cpu5 = five("cpu_avg");
const cpuMax5 = five("cpu_max");
const memory5 = five("mem_avg");
const memoryMax5 = five("mem_max");
const cpuRequest5 = five("cpu_request");
const memoryRequest5 = five("mem_request");
const cpuLimit5 = five("cpu_limit");
const memoryLimit5 = five("mem_limit");
const throttled5 = five("throttled_ms");
const kills5 = five("oom_kills");
const restarts5 = five("restarts");
const hours1 = hourly("hour");
const seconds1 = hourly("seconds");
const cpu1 = hourly("cpu_used");
const cpuRequest1 = hourly("cpu_requested");
const cpuEffective1 = hourly("cpu_effective");
const memory1 = hourly("mem_used");
const memoryRequest1 = hourly("mem_requested");
const memoryEffective1 = hourly("mem_effective");
const gpuRequest1 = hourly("gpu_requested");
const received1 = hourly("net_rx");
const sent1 = hourly("net_tx");
const throttled1 = hourly("throttled_ms");
const kills1 = hourly("oom_kills");
const restarts1 = hourly("restarts");

/** A figure by bucket, all zero. */
function cells(count: number): Float64Array {
  const found = (SCRATCH[taken] ??= new Float64Array(DAY_BUCKETS + 1));
  taken++;
  return found.fill(0, 0, count);
}

/**
 * Whole units of what grew, so that they add up to the whole of the sum: each bucket gets what the
 * running total, rounded, grew by.
 */
class Rounded {
  #exact = 0;
  #given = 0;
  take(amount: number): number {
    if (amount === 0) return 0;
    this.#exact += amount;
    const given = Math.round(this.#exact) - this.#given;
    this.#given += given;
    return given;
  }
}

/** Writes `usage_5m` and `usage_hour` of one container under the number it has in the sink. */
export function writeUsage(
  measured: Measured,
  number: number,
  window: Window,
  sink: FactSink,
): void {
  const { container, present, reserved } = measured;
  if (present.length === 0) return;
  taken = 0;
  const { from: origin } = window;
  const cellOf = (at: number) => Math.floor((at - origin) / BUCKET_MS);
  let first = cellOf((present[0] as Run).from);
  let end = cellOf((present.at(-1) as Run).until - 1) + 1;
  for (const list of [
    container.cpu,
    container.memory,
    container.throttled,
    container.oom,
    container.restarts,
    measured.received,
    measured.sent,
  ])
    for (const part of list) {
      first = Math.min(first, part.first);
      end = Math.max(end, part.first + part.sum.length);
    }
  const count = end - first;
  const summed = (list: readonly Part[]) => {
    const [only] = list;
    if (only === undefined) return NOTHING;
    // As it is, where one part spans all: most containers live a day without a restart.
    if (list.length === 1 && only.sum.length === count) return only.sum;
    const sums = cells(count);
    for (const part of list) add(sums, part.sum, part.first - first);
    return sums;
  };
  const highest = (list: readonly Part[]) => {
    const [only] = list;
    if (only === undefined) return NOTHING;
    if (list.length === 1 && only.max.length === count) return only.max;
    const maxima = cells(count);
    for (const part of list) raise(maxima, part.max, part.first - first);
    return maxima;
  };
  const start = origin + first * BUCKET_MS;
  const timed = (runs: readonly Run[]) => {
    const ms = cells(count);
    for (const run of runs) weigh(ms, run.from - start, run.until - start, 1);
    return ms;
  };
  const held = (runs: readonly Run[]) => {
    if (runs.length === 0) return { top: NOTHING, weighed: NOTHING };
    const top = cells(count);
    const weighed = cells(count);
    for (const { from, until, value } of runs) {
      weigh(weighed, from - start, until - start, value);
      const last = cellOf(until - 1) - first;
      for (let cell = cellOf(from) - first; cell <= last; cell++)
        if (value > (top[cell] as number)) top[cell] = value;
    }
    return { top, weighed };
  };
  const cpu = summed(container.cpu);
  const memory = summed(container.memory);
  const cpuMax = highest(container.cpu);
  const memoryMax = highest(container.memory);
  const throttled = summed(container.throttled);
  const restarts = summed(container.restarts);
  const oom = summed(container.oom);
  const received = summed(measured.received);
  const sent = summed(measured.sent);
  const killed =
    container.oomKilled.length === 0
      ? NOTHING
      : timed(
          intersect(union(container.oomKilled), [
            { from: start, until: origin + end * BUCKET_MS, value: 1 },
          ]),
        );
  const there = timed(present);
  const measuredTime = timed(measured.used);
  const request = (resource: string) =>
    held(intersect(setOf(container.requests, resource), reserved));
  const limit = (resource: string) =>
    held(intersect(setOf(container.limits, resource), present)).top;
  const cpuRequest = request("cpu");
  const memoryRequest = request("memory");
  const gpuRequest = request("nvidia_com_gpu");
  const cpuLimit = limit("cpu");
  const memoryLimit = limit("memory");
  const counted = container.oom.length > 0;

  const wholeCpu = new Rounded();
  const wholeThrottled = new Rounded();
  const wholeReceived = new Rounded();
  const wholeSent = new Rounded();
  let rows = 0;
  let hour = -1;
  let inHour = -1;
  for (let cell = 0; cell < count; cell++) {
    const ms = there[cell] as number;
    const used = wholeCpu.take((cpu[cell] as number) * 1000);
    const throttledMs = wholeThrottled.take((throttled[cell] as number) * 1000);
    const rx = wholeReceived.take(received[cell] as number);
    const tx = wholeSent.take(sent[cell] as number);
    const again = Math.round(restarts[cell] as number);
    if (ms === 0 && used === 0 && throttledMs === 0 && rx === 0 && tx === 0 && again === 0)
      continue;
    // Runtimes that count no kills still say why a container ended that was started again.
    const kills = counted
      ? Math.round(oom[cell] as number)
      : again > 0 && (killed[cell] as number) > 0
        ? 1
        : 0;
    const byteMs = memory[cell] as number;
    const requestedMs = cpuRequest.weighed[cell] as number;
    const requestedByteMs = memoryRequest.weighed[cell] as number;
    const bucket = first + cell;
    const index = Math.floor(bucket / BUCKETS_AN_HOUR);
    if (index !== inHour) {
      inHour = index;
      hour++;
      for (const column of HOURS) column[hour] = 0;
      hours1[hour] = origin / 1000 + index * 3600;
    }
    seconds1[hour] = (seconds1[hour] as number) + ms;
    cpu1[hour] = (cpu1[hour] as number) + used;
    cpuRequest1[hour] = (cpuRequest1[hour] as number) + requestedMs;
    cpuEffective1[hour] = (cpuEffective1[hour] as number) + Math.max(requestedMs, used);
    memory1[hour] = (memory1[hour] as number) + byteMs / MIB_MS;
    memoryRequest1[hour] = (memoryRequest1[hour] as number) + requestedByteMs / MIB_MS;
    memoryEffective1[hour] =
      (memoryEffective1[hour] as number) + Math.max(byteMs, requestedByteMs) / MIB_MS;
    gpuRequest1[hour] = (gpuRequest1[hour] as number) + (gpuRequest.weighed[cell] as number);
    received1[hour] = (received1[hour] as number) + rx;
    sent1[hour] = (sent1[hour] as number) + tx;
    throttled1[hour] = (throttled1[hour] as number) + throttledMs;
    kills1[hour] = (kills1[hour] as number) + kills;
    restarts1[hour] = (restarts1[hour] as number) + again;

    const seen = measuredTime[cell] as number;
    // Nobody measured a container that only waited to start; it has no size to learn from.
    if (seen === 0 && kills === 0 && again === 0) continue;
    at5[rows] = origin / 1000 + bucket * 300;
    seconds5[rows] = Math.round(seen / 1000);
    cpu5[rows] = seen === 0 ? 0 : Math.round((used * 1e6) / seen);
    cpuMax5[rows] = Math.round((cpuMax[cell] as number) * 1e9);
    memory5[rows] = seen === 0 ? 0 : Math.round(byteMs / seen);
    memoryMax5[rows] = Math.round(memoryMax[cell] as number);
    cpuRequest5[rows] = size(cpuRequest.top[cell] as number, 1e6);
    memoryRequest5[rows] = size(memoryRequest.top[cell] as number, 1);
    cpuLimit5[rows] = size(cpuLimit[cell] as number, 1e6);
    memoryLimit5[rows] = size(memoryLimit[cell] as number, 1);
    throttled5[rows] = throttledMs;
    kills5[rows] = kills;
    restarts5[rows] = again;
    rows++;
  }
  const hours = hour + 1;
  for (let row = 0; row < hours; row++) seconds1[row] = (seconds1[row] as number) / 1000;
  for (const column of HOURS)
    for (let row = 0; row < hours; row++) column[row] = Math.round(column[row] as number);
  if (rows > 0) sink.usage5m(number, FIVE, rows);
  if (hours > 0) sink.usageHour(number, HOURS, hours);
}

/** A request or a limit as it is written; NaN where there is none. */
const size = (value: number, by: number): number =>
  value === 0 ? Number.NaN : Math.round(value * by);

function add(cells: Float64Array, more: Float64Array, at: number): void {
  for (let index = 0; index < more.length; index++)
    cells[at + index] = (cells[at + index] as number) + (more[index] as number);
}

function raise(cells: Float64Array, more: Float64Array, at: number): void {
  for (let index = 0; index < more.length; index++)
    if ((more[index] as number) > (cells[at + index] as number))
      cells[at + index] = more[index] as number;
}

/** Adds value × milliseconds of a stretch to the five minutes it touches. */
function weigh(cells: Float64Array, from: number, until: number, value: number): void {
  if (until <= from) return;
  const first = Math.floor(from / BUCKET_MS);
  const last = Math.floor((until - 1) / BUCKET_MS);
  if (first === last) {
    cells[first] = (cells[first] as number) + value * (until - from);
    return;
  }
  cells[first] = (cells[first] as number) + value * ((first + 1) * BUCKET_MS - from);
  const whole = value * BUCKET_MS;
  for (let cell = first + 1; cell < last; cell++) cells[cell] = (cells[cell] as number) + whole;
  cells[last] = (cells[last] as number) + value * (until - last * BUCKET_MS);
}
