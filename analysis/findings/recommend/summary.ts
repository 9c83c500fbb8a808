import { DAY_SLOTS, HOUR_SLOTS, lengthOf, type Series, SLOT } from "./series.ts";
import { SortedCpu } from "./sorted.ts";

/** Hours of a window, all pods together; -1: none. CPU in microcores, memory in bytes. */
export interface Hours {
  count: number;
  pods: Int32Array;
  seconds: Float64Array;
  /** Microcore-seconds and byte-seconds. */
  cpuSum: Float64Array;
  memSum: Float64Array;
  cpuMax: Float64Array;
  memMax: Float64Array;
  cpuRequest: Float64Array;
  memRequest: Float64Array;
  cpuLimit: Float64Array;
  memLimit: Float64Array;
  oom: Float64Array;
  throttled: Float64Array;
}

/** What one pass over a series gives: what every rule reads. Good until the next series is summarised. */
export interface Summary {
  hours: Hours;
  seconds: number;
  /** Slots of the first and of the last sample. */
  firstSlot: number;
  lastSlot: number;
  /** 1 for samples that count for CPU: not a process's first minutes. */
  settled: Uint8Array;
  shortLived: boolean;
  /** Settled CPU of the last 14 days and of the last 2; of all before, where the last 14 have none. */
  recent: SortedCpu;
  newest: SortedCpu;
  earlier: SortedCpu;
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

// One series at a time: what is large is used again.
const recent = new SortedCpu();
const newest = new SortedCpu();
const earlier = new SortedCpu();
let scratchHours = hoursOf(0);
let scratchSettled = new Uint8Array(0);
let scratchAlive = new Int32Array(0);

function hoursOf(count: number): Hours {
  const numbers = () => new Float64Array(count);
  return {
    count,
    pods: new Int32Array(count),
    seconds: numbers(),
    cpuSum: numbers(),
    memSum: numbers(),
    cpuMax: numbers(),
    memMax: numbers(),
    cpuRequest: numbers(),
    memRequest: numbers(),
    cpuLimit: numbers(),
    memLimit: numbers(),
    oom: numbers(),
    throttled: numbers(),
  };
}

const NONE = ["cpuRequest", "memRequest", "cpuLimit", "memLimit"] as const;
const ZERO = [
  "pods",
  "seconds",
  "cpuSum",
  "memSum",
  "cpuMax",
  "memMax",
  "oom",
  "throttled",
] as const;

function emptyHours(count: number): Hours {
  if (scratchHours.count !== count) scratchHours = hoursOf(count);
  for (const name of ZERO) scratchHours[name].fill(0);
  for (const name of NONE) scratchHours[name].fill(-1);
  return scratchHours;
}

/**
 * Marks a process's first five minutes: those after a pod was first seen (not where the window begins
 * with it) and after each restart.
 * @returns seconds of them
 */
function markStarts(series: Series, settled: Uint8Array): number {
  let marked = 0;
  const mark = (sample: number) => {
    if (settled[sample] === 1) marked += series.seconds[sample] as number;
    settled[sample] = 0;
  };
  for (const { from, until } of series.pods) {
    const first = series.slot[from] as number;
    if (first === 0) continue;
    mark(from);
    const partly = (series.seconds[from] as number) < SLOT;
    if (partly && from + 1 < until && series.slot[from + 1] === first + 1) mark(from + 1);
  }
  let pod = 0;
  for (const { sample, restarts } of series.events) {
    if (restarts === 0) continue;
    while ((series.pods[pod]?.until ?? Infinity) <= sample) pod++;
    mark(sample);
    const next = sample + 1;
    if (
      next < (series.pods[pod]?.until ?? 0) &&
      series.slot[next] === (series.slot[sample] as number) + 1
    )
      mark(next);
  }
  return marked;
}

function secondsOf(series: Series, length: number): number {
  let all = 0;
  for (let i = 0; i < length; i++) all += series.seconds[i] as number;
  return all;
}

/** @param starts whether first minutes are left out; a job's are part of its work */
export function summarise(series: Series, starts: boolean): Summary {
  const length = lengthOf(series);
  const hours = emptyHours(Math.ceil(series.slots / HOUR_SLOTS));
  if (scratchSettled.length < length) scratchSettled = new Uint8Array(Math.ceil(length * 1.25));
  const settled = scratchSettled.fill(1, 0, length);
  let shortLived = false;
  if (starts) {
    // Where leaving first minutes out would leave under half of the time, they are the work.
    shortLived = markStarts(series, settled) * 2 > secondsOf(series, length);
    if (shortLived) settled.fill(1, 0, length);
  }
  recent.clear();
  newest.clear();
  earlier.clear();
  if (scratchAlive.length !== series.slots) scratchAlive = new Int32Array(series.slots);
  const alive = scratchAlive.fill(0);
  const { slot, seconds, cpu, mem } = series;
  const recentFrom = series.slots - RECENT_SLOTS;
  const newestFrom = series.slots - NEWEST_SLOTS;
  let firstSlot = series.slots;
  let lastSlot = -1;
  let total = 0;
  let cpuMax = 0;
  let cpuSum = 0;
  let memMax = -1;
  let memSum = 0;
  let worstMemPod = "";
  for (const { pod, from, until } of series.pods) {
    firstSlot = Math.min(firstSlot, slot[from] as number);
    lastSlot = Math.max(lastSlot, slot[until - 1] as number);
    const podMemBefore = memMax;
    // Hour by hour: sums stand in registers, not in arrays, until the hour is over.
    for (let i = from; i < until;) {
      const hour = Math.floor((slot[i] as number) / HOUR_SLOTS);
      const end = (hour + 1) * HOUR_SLOTS;
      let time = 0;
      let cpuTime = 0;
      let memTime = 0;
      let mostCpu = 0;
      let mostMem = 0;
      for (; i < until; i++) {
        const at = slot[i] as number;
        if (at >= end) break;
        const observed = seconds[i] as number;
        const used = cpu[i] as number;
        const bytes = mem[i] as number;
        alive[at] = (alive[at] as number) + 1;
        time += observed;
        cpuTime += used * observed;
        memTime += bytes * observed;
        if (used > mostCpu) mostCpu = used;
        if (bytes > mostMem) mostMem = bytes;
        if (used > cpuMax && settled[i] === 1 && observed > 0) cpuMax = used;
      }
      total += time;
      cpuSum += cpuTime;
      memSum += memTime;
      if (mostMem > memMax) memMax = mostMem;
      hours.pods[hour] = (hours.pods[hour] as number) + 1;
      hours.seconds[hour] = (hours.seconds[hour] as number) + time;
      hours.cpuSum[hour] = (hours.cpuSum[hour] as number) + cpuTime;
      hours.memSum[hour] = (hours.memSum[hour] as number) + memTime;
      raise(hours.cpuMax, hour, mostCpu);
      raise(hours.memMax, hour, mostMem);
    }
    if (memMax > podMemBefore) worstMemPod = pod;
    const recentAt = firstFrom(slot, from, until, recentFrom);
    const newestAt = firstFrom(slot, recentAt, until, newestFrom);
    recent.addRange(cpu, seconds, recentAt, until, settled);
    newest.addRange(cpu, seconds, newestAt, until, settled);
  }
  // What is older than 14 days is asked for only where nothing is younger.
  if (recent.seconds === 0)
    for (const { from, until } of series.pods)
      earlier.addRange(cpu, seconds, from, firstFrom(slot, from, until, recentFrom), settled);
  sizesByHour(series, hours);
  const ends = { oomKills: 0, restarts: 0, throttledMs: 0 };
  for (const event of series.events) {
    ends.oomKills += event.oom;
    ends.restarts += event.restarts;
    ends.throttledMs += event.throttled;
    const hour = Math.floor((slot[event.sample] as number) / HOUR_SLOTS);
    hours.oom[hour] = (hours.oom[hour] as number) + event.oom;
    hours.throttled[hour] = (hours.throttled[hour] as number) + event.throttled;
  }
  let replicasMax = 0;
  for (let at = 0; at < series.slots; at++)
    if ((alive[at] as number) > replicasMax) replicasMax = alive[at] as number;
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
    ...ends,
    replicasMax,
    replicasLast: lastSlot < 0 ? 0 : (alive[lastSlot] as number),
  };
}

function raise(list: Float64Array, index: number, value: number): void {
  if (value > (list[index] as number)) list[index] = value;
}

/** The first sample of [from, until) at or after a slot. */
export function firstFrom(slot: Uint16Array, from: number, until: number, at: number): number {
  let low = from;
  let high = until;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slot[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The highest request and limit of each hour in which a pod was seen. */
function sizesByHour(series: Series, hours: Hours): void {
  let pod = 0;
  for (const [index, size] of series.sizes.entries()) {
    const next = series.sizes[index + 1]?.from ?? lengthOf(series);
    // One entry may hold over several pods.
    for (let from = size.from; from < next;) {
      while ((series.pods[pod]?.until ?? Infinity) <= from) pod++;
      const until = Math.min(next, series.pods[pod]?.until ?? next);
      const first = Math.floor((series.slot[from] as number) / HOUR_SLOTS);
      const last = Math.floor((series.slot[until - 1] as number) / HOUR_SLOTS);
      for (let hour = first; hour <= last; hour++) {
        if (hours.seconds[hour] === 0) continue;
        for (const name of NONE) raise(hours[name], hour, size[name]);
      }
      from = until;
    }
  }
}
