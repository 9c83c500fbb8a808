import { type FactSink, USAGE_5M, USAGE_HOUR } from "./facts.ts";
import type { Part } from "./parts.ts";
import { type Container, type Pod, setOf } from "./pods.ts";
import { BUCKET_MS, HOUR_MS, intersect, type Run, spread, type Window } from "./runs.ts";

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

const MIB = 1_048_576;
const BUCKETS_AN_HOUR = HOUR_MS / BUCKET_MS;
const DAY_BUCKETS = 24 * BUCKETS_AN_HOUR;

// Used again for every container: made anew they would be most of what is thrown away.
const SCRATCH: Float64Array[] = [];
let taken = 0;

/** A figure by bucket. */
class Cells {
  readonly first: number;
  readonly values: Float64Array;
  constructor(first: number, count: number) {
    this.first = first;
    let values = SCRATCH[taken];
    if (values === undefined || values.length < count)
      values = SCRATCH[taken] = new Float64Array(Math.max(count, DAY_BUCKETS));
    taken++;
    this.values = values.fill(0, 0, count);
  }
  at(bucket: number): number {
    return this.values[bucket - this.first] ?? 0;
  }
  add(part: Part): void {
    for (let index = 0; index < part.sum.length; index++) {
      const cell = part.first + index - this.first;
      this.values[cell] = (this.values[cell] ?? 0) + (part.sum[index] as number);
    }
  }
  raise(part: Part): void {
    for (let index = 0; index < part.max.length; index++) {
      const cell = part.first + index - this.first;
      this.values[cell] = Math.max(this.values[cell] ?? 0, part.max[index] as number);
    }
  }
}

/**
 * Whole units of what grew, so that they add up to the whole of the sum: each bucket gets what the
 * running total, rounded, grew by.
 */
class Rounded {
  #exact = 0;
  #given = 0;
  take(amount: number): number {
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
  const parts = [
    ...container.cpu,
    ...container.memory,
    ...container.throttled,
    ...container.oom,
    ...container.restarts,
    ...measured.received,
    ...measured.sent,
  ];
  const cellOf = (at: number) => Math.floor((at - origin) / BUCKET_MS);
  let first = cellOf((present[0] as Run).from);
  let end = cellOf((present.at(-1) as Run).until - 1) + 1;
  for (const part of parts) {
    first = Math.min(first, part.first);
    end = Math.max(end, part.first + part.sum.length);
  }
  const count = end - first;
  const summed = (list: readonly Part[]) => {
    if (list.length === 0) return null;
    const cells = new Cells(first, count);
    for (const part of list) cells.add(part);
    return cells;
  };
  const timed = (runs: readonly Run[]) => {
    if (runs.length === 0) return null;
    const ms = new Cells(first, count);
    spread(runs, origin, BUCKET_MS, (bucket, part) => {
      ms.values[bucket - first] = (ms.values[bucket - first] as number) + part;
    });
    return ms;
  };
  const held = (runs: readonly Run[]) => {
    if (runs.length === 0) return null;
    const top = new Cells(first, count);
    const weighed = new Cells(first, count);
    spread(runs, origin, BUCKET_MS, (bucket, part, value) => {
      const cell = bucket - first;
      top.values[cell] = Math.max(top.values[cell] as number, value);
      weighed.values[cell] = (weighed.values[cell] as number) + part * value;
    });
    return { top, weighed };
  };
  const cpu = summed(container.cpu);
  const memory = summed(container.memory);
  const cpuMax = new Cells(first, count);
  for (const part of container.cpu) cpuMax.raise(part);
  const memoryMax = new Cells(first, count);
  for (const part of container.memory) memoryMax.raise(part);
  const throttled = summed(container.throttled);
  const restarts = summed(container.restarts);
  const oom = summed(container.oom);
  const received = summed(measured.received);
  const sent = summed(measured.sent);
  const killed = timed(container.oomKilled);
  const there = timed(present);
  const measuredTime = timed(measured.used);
  const request = (resource: string) =>
    held(intersect(setOf(container.requests, resource), reserved));
  const limit = (resource: string) => held(intersect(setOf(container.limits, resource), present));
  const cpuRequest = request("cpu");
  const memoryRequest = request("memory");
  const gpuRequest = request("nvidia_com_gpu");
  const cpuLimit = limit("cpu");
  const memoryLimit = limit("memory");

  const wholeCpu = new Rounded();
  const wholeThrottled = new Rounded();
  const wholeReceived = new Rounded();
  const wholeSent = new Rounded();
  const five = new Float64Array(USAGE_5M.length);
  const hour = new Float64Array(USAGE_HOUR.length);
  let any = false;
  let hourMs = 0;
  const endHour = (index: number) => {
    if (!any) return;
    hour[0] = origin / 1000 + index * 3600;
    hour[1] = Math.round(hourMs / 1000);
    for (let column = 3; column < hour.length; column++)
      hour[column] = Math.round(hour[column] as number);
    sink.usageHour(number, hour);
    hour.fill(0);
    hourMs = 0;
    any = false;
  };
  for (let bucket = first; bucket < end; bucket++) {
    if (bucket > first && bucket % BUCKETS_AN_HOUR === 0) endHour(bucket / BUCKETS_AN_HOUR - 1);
    const ms = there?.at(bucket) ?? 0;
    const used = wholeCpu.take((cpu?.at(bucket) ?? 0) * 1000);
    const throttledMs = wholeThrottled.take((throttled?.at(bucket) ?? 0) * 1000);
    const rx = wholeReceived.take(received?.at(bucket) ?? 0);
    const tx = wholeSent.take(sent?.at(bucket) ?? 0);
    const again = Math.round(restarts?.at(bucket) ?? 0);
    if (ms === 0 && used === 0 && throttledMs === 0 && rx === 0 && tx === 0 && again === 0)
      continue;
    // Runtimes that count no kills still say why a container ended that was started again.
    const kills = Math.max(
      Math.round(oom?.at(bucket) ?? 0),
      oom === null && again > 0 && (killed?.at(bucket) ?? 0) > 0 ? 1 : 0,
    );
    const byteMs = memory?.at(bucket) ?? 0;
    const requestedMs = cpuRequest?.weighed.at(bucket) ?? 0;
    const requestedByteMs = memoryRequest?.weighed.at(bucket) ?? 0;
    any = true;
    hourMs += ms;
    hour[2] = (hour[2] as number) + used;
    hour[3] = (hour[3] as number) + requestedMs;
    hour[4] = (hour[4] as number) + Math.max(requestedMs, used);
    hour[5] = (hour[5] as number) + byteMs / 1000 / MIB;
    hour[6] = (hour[6] as number) + requestedByteMs / 1000 / MIB;
    hour[7] = (hour[7] as number) + Math.max(byteMs, requestedByteMs) / 1000 / MIB;
    hour[8] = (hour[8] as number) + (gpuRequest?.weighed.at(bucket) ?? 0);
    hour[9] = (hour[9] as number) + rx;
    hour[10] = (hour[10] as number) + tx;
    hour[11] = (hour[11] as number) + throttledMs;
    hour[12] = (hour[12] as number) + kills;
    hour[13] = (hour[13] as number) + again;

    const asked = (held: typeof cpuRequest, by: number) => {
      const top = held?.top.at(bucket) ?? 0;
      return top === 0 ? -1 : Math.round(top * by);
    };
    const seen = measuredTime?.at(bucket) ?? 0;
    // Nobody measured a container that only waited to start; it has no size to learn from.
    if (seen === 0 && kills === 0 && again === 0) continue;
    five[0] = origin / 1000 + bucket * 300;
    five[1] = Math.round(seen / 1000);
    five[2] = seen === 0 ? 0 : Math.round((used * 1e6) / seen);
    five[3] = Math.round(cpuMax.at(bucket) * 1e9);
    five[4] = seen === 0 ? 0 : Math.round(byteMs / seen);
    five[5] = Math.round(memoryMax.at(bucket));
    five[6] = asked(cpuRequest, 1e6);
    five[7] = asked(memoryRequest, 1);
    five[8] = asked(cpuLimit, 1e6);
    five[9] = asked(memoryLimit, 1);
    five[10] = throttledMs;
    five[11] = kills;
    five[12] = again;
    sink.usage5m(number, five);
  }
  endHour(Math.ceil(end / BUCKETS_AN_HOUR) - 1);
}
