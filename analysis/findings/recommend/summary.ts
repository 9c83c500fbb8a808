import { arena, keptNumbers, place, type Placed, rules, settledOf } from "../placed.ts";
import { DAY_SLOTS, firstFrom, HOUR_SLOTS, type Series, SLOT } from "./series.ts";
import { SortedCpu } from "./sorted.ts";

/** Hours of a window, all pods together; -1: none. CPU in microcores, memory in bytes. */
export interface Hours {
  count: number;
  /** Address of the columns in the loops' memory, in this order, and the doubles of each. */
  at: number;
  room: number;
  pods: Int32Array;
  seconds: Float64Array;
  /** Microcore-seconds and byte-seconds. */
  cpuSum: Float64Array;
  memSum: Float64Array;
  cpuMax: Float64Array;
  memMax: Float64Array;
  throttled: Float64Array;
  cpuRequest: Float64Array;
  memRequest: Float64Array;
  cpuLimit: Float64Array;
  memLimit: Float64Array;
  oom: Float64Array;
}

/** What one pass over a series gives: what every rule reads. Good until the next series is summarised. */
export interface Summary {
  hours: Hours;
  seconds: number;
  /** Slots of the first and of the last sample. */
  firstSlot: number;
  lastSlot: number;
  /** Its samples, with those marked that count for CPU: not a process's first minutes. */
  placed: Placed;
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
const HOURS = [
  "seconds",
  "cpuSum",
  "memSum",
  "cpuMax",
  "memMax",
  "throttled",
  "cpuRequest",
  "memRequest",
  "cpuLimit",
  "memLimit",
  "oom",
] as const;
export type HourColumn = (typeof HOURS)[number];
const SIZES = ["cpuRequest", "memRequest", "cpuLimit", "memLimit"] as const;
/** Of the totals that the loop over a pod keeps: how many, and the place of the most memory. */
const TOTALS = 6;
const MEM_MAX = 4;

/** Of the window summarised last; the hours' columns lie one after another. */
const scratch = { slots: -1, room: 0, hours: 0, pods: 0, alive: 0 };
const totals = keptNumbers(TOTALS);
let scratchHours: Hours | undefined;

/** Address of a column of hours, for the loops. */
export const hoursAt = ({ at, room }: Hours, column: HourColumn): number =>
  at + HOURS.indexOf(column) * room * 8;

function emptyHours(slots: number): Hours {
  const count = Math.ceil(slots / HOUR_SLOTS);
  if (scratchHours?.count !== count) scratchHours = hoursOf(slots, count);
  const hours = scratchHours;
  for (const name of HOURS) hours[name].fill(0);
  for (const name of SIZES) hours[name].fill(-1);
  hours.pods.fill(0);
  new Int32Array(arena.buffer, scratch.alive, slots).fill(0);
  return hours;
}

function hoursOf(slots: number, count: number): Hours {
  if (slots > scratch.slots) {
    scratch.slots = slots;
    scratch.room = count;
    scratch.pods = arena.reserve(count * 4);
    scratch.alive = arena.reserve(slots * 4);
    scratch.hours = arena.reserve(count * 8 * HOURS.length);
  }
  const { buffer } = arena;
  const columns = HOURS.map((name, index) => [
    name,
    new Float64Array(buffer, scratch.hours + index * scratch.room * 8, count),
  ]);
  return {
    count,
    at: scratch.hours,
    room: scratch.room,
    pods: new Int32Array(buffer, scratch.pods, count),
    ...(Object.fromEntries(columns) as Record<HourColumn, Float64Array>),
  };
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

/** @param starts whether first minutes are left out; a job's are part of its work */
export function summarise(series: Series, starts: boolean): Summary {
  const placed = place(series);
  const hours = emptyHours(series.slots);
  const settled = settledOf(placed).fill(1);
  let shortLived = false;
  if (starts) {
    // Where leaving first minutes out would leave under half of the time, they are the work.
    shortLived =
      markStarts(series, settled) * 2 > rules.secondsOf(placed.seconds, 0, placed.length);
    if (shortLived) settled.fill(1);
  }
  recent.begin(placed);
  newest.begin(placed);
  earlier.begin(placed);
  const { slot } = series;
  const recentFrom = series.slots - RECENT_SLOTS;
  const newestFrom = series.slots - NEWEST_SLOTS;
  let firstSlot = series.slots;
  let lastSlot = -1;
  let worstMemPod = "";
  totals.numbers.fill(0);
  totals.numbers[MEM_MAX] = -1;
  for (const { pod, from, until } of series.pods) {
    firstSlot = Math.min(firstSlot, slot[from] as number);
    lastSlot = Math.max(lastSlot, slot[until - 1] as number);
    const before = totals.numbers[MEM_MAX] as number;
    rules.pod(
      placed.slot,
      placed.seconds,
      placed.cpu,
      placed.mem,
      placed.throttled,
      placed.settled,
      from,
      until,
      hours.at,
      hours.room,
      scratch.pods,
      scratch.alive,
      totals.at,
    );
    if ((totals.numbers[MEM_MAX] as number) > before) worstMemPod = pod;
    const recentAt = firstFrom(slot, from, until, recentFrom);
    recent.add(recentAt, until, true);
    newest.add(firstFrom(slot, recentAt, until, newestFrom), until, true);
  }
  // What is older than 14 days is asked for only where nothing is younger.
  if (recent.seconds === 0)
    for (const { from, until } of series.pods)
      earlier.add(from, firstFrom(slot, from, until, recentFrom), true);
  sizesByHour(series, hours);
  let [oomKills, restarts] = [0, 0];
  for (const event of series.events) {
    oomKills += event.oom;
    restarts += event.restarts;
    const hour = Math.floor((slot[event.sample] as number) / HOUR_SLOTS);
    hours.oom[hour] = (hours.oom[hour] as number) + event.oom;
  }
  const alive = new Int32Array(arena.buffer, scratch.alive, series.slots);
  const [seconds = 0, cpuSum = 0, memSum = 0, cpuMax = 0, memMax = 0, throttledMs = 0] =
    totals.numbers;
  return {
    hours,
    seconds,
    firstSlot,
    lastSlot,
    placed,
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
    replicasMax: rules.mostAlive(scratch.alive, series.slots),
    replicasLast: lastSlot < 0 ? 0 : (alive[lastSlot] as number),
  };
}

/** The highest request and limit of each hour in which a pod was seen. */
function sizesByHour(series: Series, hours: Hours): void {
  let pod = 0;
  const seconds = hoursAt(hours, "seconds");
  for (const [index, size] of series.sizes.entries()) {
    const next = series.sizes[index + 1]?.from ?? series.pods.at(-1)?.until ?? 0;
    // One entry may hold over several pods.
    for (let from = size.from; from < next;) {
      while ((series.pods[pod]?.until ?? Infinity) <= from) pod++;
      const until = Math.min(next, series.pods[pod]?.until ?? next);
      const first = Math.floor((series.slot[from] as number) / HOUR_SLOTS);
      const last = Math.floor((series.slot[until - 1] as number) / HOUR_SLOTS);
      for (const name of SIZES)
        if (size[name] > -1)
          rules.raiseHours(hoursAt(hours, name), seconds, first, last, size[name]);
      from = until;
    }
  }
}
