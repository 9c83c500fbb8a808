import { Weighted } from "./quantile.ts";
import { DAY_SLOTS, HOUR_SLOTS, lengthOf, type Series, SLOT } from "./series.ts";

/** Hours of a window, all pods together; -1: none. CPU in microcores, memory in bytes. */
export interface Hours {
  count: number;
  pods: Int32Array;
  seconds: Float64Array;
  /** Microcore-seconds and byte-seconds. */
  cpuSum: Float64Array;
  memSum: Float64Array;
  cpuMax: Float64Array;
  cpuPeak: Float64Array;
  memMax: Float64Array;
  cpuRequest: Float64Array;
  memRequest: Float64Array;
  cpuLimit: Float64Array;
  memLimit: Float64Array;
  oom: Float64Array;
  throttled: Float64Array;
}

/** What one pass over a series gives: what every rule reads. */
export interface Summary {
  hours: Hours;
  seconds: number;
  /** Slots of the first and of the last sample. */
  firstSlot: number;
  lastSlot: number;
  /** 1 for samples that count for CPU: not a process's first minutes. */
  settled: Uint8Array;
  shortLived: boolean;
  /** Settled CPU of the last 14 days, of the last 2, and of all before the last 14. */
  recent: Weighted;
  newest: Weighted;
  earlier: Weighted;
  cpuMax: number;
  cpuSum: number;
  memMax: number;
  memSum: number;
  worstMemPod: string;
  oomKills: number;
  restarts: number;
  throttledMs: number;
  replicasMax: number;
  replicasLast: number;
}

const RECENT_SLOTS = 14 * DAY_SLOTS;
const NEWEST_SLOTS = 2 * DAY_SLOTS;

function hoursOf(count: number): Hours {
  const numbers = () => new Float64Array(count);
  const none = () => new Float64Array(count).fill(-1);
  return {
    count,
    pods: new Int32Array(count),
    seconds: numbers(),
    cpuSum: numbers(),
    memSum: numbers(),
    cpuMax: numbers(),
    cpuPeak: numbers(),
    memMax: numbers(),
    cpuRequest: none(),
    memRequest: none(),
    cpuLimit: none(),
    memLimit: none(),
    oom: numbers(),
    throttled: numbers(),
  };
}

// One series at a time: what is large is used again.
const recent = new Weighted();
const newest = new Weighted();
const earlier = new Weighted();

/**
 * Marks a process's first five minutes: those after a pod was first seen (not where the window begins
 * with it) and after each restart.
 */
function markStarts(series: Series, settled: Uint8Array): void {
  settled.fill(1);
  for (const { from, until } of series.pods) {
    const first = series.slot[from] as number;
    if (first === 0) continue;
    settled[from] = 0;
    const partly = (series.seconds[from] as number) < SLOT;
    if (partly && from + 1 < until && series.slot[from + 1] === first + 1) settled[from + 1] = 0;
  }
  let pod = 0;
  for (const { sample, restarts } of series.events) {
    if (restarts === 0) continue;
    while ((series.pods[pod]?.until ?? Infinity) <= sample) pod++;
    settled[sample] = 0;
    const next = sample + 1;
    if (
      next < (series.pods[pod]?.until ?? 0) &&
      series.slot[next] === (series.slot[sample] as number) + 1
    )
      settled[next] = 0;
  }
}

/** @param starts whether first minutes are left out; a job's are part of its work */
export function summarise(series: Series, starts: boolean): Summary {
  const length = lengthOf(series);
  const hours = hoursOf(Math.ceil(series.slots / HOUR_SLOTS));
  let settled: Uint8Array = new Uint8Array(length).fill(1);
  let shortLived = false;
  if (starts) {
    markStarts(series, settled);
    let all = 0;
    let kept = 0;
    for (let i = 0; i < length; i++) {
      const seconds = series.seconds[i] as number;
      all += seconds;
      if (settled[i] === 1) kept += seconds;
    }
    if (kept * 2 < all) {
      shortLived = true;
      settled = settled.fill(1);
    }
  }
  recent.clear();
  newest.clear();
  earlier.clear();
  const recentFrom = series.slots - RECENT_SLOTS;
  const newestFrom = series.slots - NEWEST_SLOTS;
  const alive = new Int32Array(series.slots);
  const { slot, seconds, cpu, peak, mem } = series;
  let firstSlot = series.slots;
  let lastSlot = -1;
  let total = 0;
  let cpuMax = 0;
  let cpuSum = 0;
  let memMax = -1;
  let memSum = 0;
  let worstMemPod = "";
  let size = 0;
  let held = series.sizes[0];
  for (const { pod, from, until } of series.pods) {
    let hourBefore = -1;
    for (let i = from; i < until; i++) {
      while ((series.sizes[size]?.from ?? Infinity) <= i) held = series.sizes[size++];
      const at = slot[i] as number;
      const time = seconds[i] as number;
      const used = cpu[i] as number;
      const bytes = mem[i] as number;
      const hour = Math.floor(at / HOUR_SLOTS);
      if (at < firstSlot) firstSlot = at;
      if (at > lastSlot) lastSlot = at;
      alive[at] = (alive[at] as number) + 1;
      total += time;
      cpuSum += used * time;
      memSum += bytes * time;
      if (bytes > memMax) {
        memMax = bytes;
        worstMemPod = pod;
      }
      if (hour !== hourBefore) {
        hourBefore = hour;
        hours.pods[hour] = (hours.pods[hour] as number) + 1;
      }
      hours.seconds[hour] = (hours.seconds[hour] as number) + time;
      hours.cpuSum[hour] = (hours.cpuSum[hour] as number) + used * time;
      hours.memSum[hour] = (hours.memSum[hour] as number) + bytes * time;
      if (used > (hours.cpuMax[hour] as number)) hours.cpuMax[hour] = used;
      if ((peak[i] as number) > (hours.cpuPeak[hour] as number))
        hours.cpuPeak[hour] = peak[i] as number;
      if (bytes > (hours.memMax[hour] as number)) hours.memMax[hour] = bytes;
      if (held !== undefined) {
        if (held.cpuRequest > (hours.cpuRequest[hour] as number))
          hours.cpuRequest[hour] = held.cpuRequest;
        if (held.memRequest > (hours.memRequest[hour] as number))
          hours.memRequest[hour] = held.memRequest;
        if (held.cpuLimit > (hours.cpuLimit[hour] as number)) hours.cpuLimit[hour] = held.cpuLimit;
        if (held.memLimit > (hours.memLimit[hour] as number)) hours.memLimit[hour] = held.memLimit;
      }
      if (settled[i] === 0 || time === 0) continue;
      if (used > cpuMax) cpuMax = used;
      if (at >= recentFrom) recent.add(used, time);
      else earlier.add(used, time);
      if (at >= newestFrom) newest.add(used, time);
    }
  }
  let oomKills = 0;
  let restarts = 0;
  let throttledMs = 0;
  for (const event of series.events) {
    oomKills += event.oom;
    restarts += event.restarts;
    throttledMs += event.throttled;
    const hour = Math.floor((slot[event.sample] as number) / HOUR_SLOTS);
    hours.oom[hour] = (hours.oom[hour] as number) + event.oom;
    hours.throttled[hour] = (hours.throttled[hour] as number) + event.throttled;
  }
  return {
    hours,
    seconds: total,
    firstSlot,
    lastSlot,
    settled,
    shortLived,
    recent,
    newest,
    earlier,
    cpuMax,
    cpuSum,
    memMax: Math.max(memMax, 0),
    memSum,
    worstMemPod,
    oomKills,
    restarts,
    throttledMs,
    replicasMax: alive.reduce((most, pods) => Math.max(most, pods), 0),
    replicasLast: lastSlot < 0 ? 0 : (alive[lastSlot] as number),
  };
}
