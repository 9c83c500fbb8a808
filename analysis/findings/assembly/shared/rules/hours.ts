/** What a pod adds to hours and totals, and how long it was above a level. */

import { HOUR_SLOTS, u16At, f64At, put, add, raise } from "./places";

/** Seconds of samples [from, until). */
export function secondsOf(seconds: usize, from: usize, until: usize): f64 {
  let all: u64 = 0;
  for (; from < until; from++) all += u16At(seconds, from) as u64;
  return all as f64;
}

/** The highest of numbers [from, until), and at least 0. */
export function most(numbers: usize, from: usize, until: usize): f64 {
  let a = f64x2.splat(0);
  let b = a;
  for (; from + 4 <= until; from += 4) {
    a = f64x2.pmax(a, v128.load(numbers + (from << 3)));
    b = f64x2.pmax(b, v128.load(numbers + (from << 3), 16));
  }
  a = f64x2.pmax(a, b);
  let highest = max(f64x2.extract_lane(a, 0), f64x2.extract_lane(a, 1));
  for (; from < until; from++) highest = max(highest, f64At(numbers, from));
  return highest;
}

/** The highest of `count` whole numbers of 32 bits, and at least 0. */
export function mostAlive(alive: usize, count: usize): i32 {
  let highest: i32 = 0;
  for (let index: usize = 0; index < count; index++)
    highest = max(highest, load<i32>(alive + (index << 2)));
  return highest;
}

/**
 * Adds a pod's samples to hours and totals.
 * @param hours columns of `room` doubles each: seconds, cpuSum, memSum, cpuMax, memMax, throttled
 * @param pods, alive whole numbers of 32 bits by hour and by slot
 * @param totals doubles: seconds, cpuSum, memSum, cpuMax (settled), memMax, throttled
 */
export function pod(
  slot: usize,
  seconds: usize,
  cpu: usize,
  bytes: usize,
  throttled: usize,
  settled: usize,
  from: usize,
  until: usize,
  hours: usize,
  room: usize,
  pods: usize,
  alive: usize,
  totals: usize,
): void {
  const column = room << 3;
  let total = f64At(totals, 0);
  let cpuSum = f64At(totals, 1);
  let memSum = f64At(totals, 2);
  let cpuMax = f64At(totals, 3) as u32;
  let memMax = f64At(totals, 4);
  let i = from;
  while (i < until) {
    const hour = (u16At(slot, i) / HOUR_SLOTS) as usize;
    const end = ((hour as u32) + 1) * HOUR_SLOTS;
    let time: u32 = 0;
    let cpuTime: u64 = 0;
    let memTime: f64 = 0;
    let mostCpu: u32 = 0;
    let mostMem: f64 = 0;
    const first = i;
    for (; i < until; i++) {
      const at = u16At(slot, i);
      if (at >= end) break;
      const observed = u16At(seconds, i);
      const used = load<u32>(cpu + (i << 2));
      const held = f64At(bytes, i);
      const living = alive + ((at as usize) << 2);
      store<i32>(living, load<i32>(living) + 1);
      time += observed;
      cpuTime += (used as u64) * (observed as u64);
      memTime += held * (observed as f64);
      mostCpu = max(mostCpu, used);
      mostMem = max(mostMem, held);
      if (used > cpuMax && observed > 0 && load<u8>(settled + i) == 1) cpuMax = used;
    }
    total += time as f64;
    cpuSum += cpuTime as f64;
    memSum += memTime;
    memMax = max(memMax, mostMem);
    store<i32>(pods + (hour << 2), load<i32>(pods + (hour << 2)) + 1);
    add(hours, hour, time as f64);
    add(hours + column, hour, cpuTime as f64);
    add(hours + 2 * column, hour, memTime);
    raise(hours + 3 * column, hour, mostCpu as f64);
    raise(hours + 4 * column, hour, mostMem);
    if (throttled == 0) continue;
    let waited: u64 = 0;
    for (let j = first; j < i; j++) waited += load<u32>(throttled + (j << 2)) as u64;
    add(hours + 5 * column, hour, waited as f64);
    add(totals, 5, waited as f64);
  }
  put(totals, 0, total);
  put(totals, 1, cpuSum);
  put(totals, 2, memSum);
  put(totals, 3, cpuMax as f64);
  put(totals, 4, memMax);
}

/** Raises hours [first, last] of a column to a value, where there are any seconds. */
export function raiseHours(
  column: usize,
  seconds: usize,
  first: usize,
  last: usize,
  value: f64,
): void {
  for (let hour = first; hour <= last; hour++)
    if (f64At(seconds, hour) != 0) raise(column, hour, value);
}

/**
 * Settled seconds of a pod by hour, and those of them in which more than `level` was used.
 * @param highest the most of each hour: most have nothing that far up
 */
export function timeAbove(
  slot: usize,
  seconds: usize,
  cpu: usize,
  settled: usize,
  from: usize,
  until: usize,
  level: f64,
  highest: usize,
  above: usize,
  time: usize,
): void {
  let i = from;
  while (i < until) {
    const hour = (u16At(slot, i) / HOUR_SLOTS) as usize;
    const end = ((hour as u32) + 1) * HOUR_SLOTS;
    let over: u32 = 0;
    let all: u32 = 0;
    const isLow = f64At(highest, hour) <= level;
    for (; i < until && u16At(slot, i) < end; i++) {
      if (load<u8>(settled + i) == 0) continue;
      const observed = u16At(seconds, i);
      all += observed;
      if (!isLow && (load<u32>(cpu + (i << 2)) as f64) > level) over += observed;
    }
    add(time, hour, all as f64);
    add(above, hour, over as f64);
  }
}

/**
 * Seconds of samples [from, until) above levels.
 * @param out doubles: all, settled, settled above each CPU level, all above each memory level
 */
export function exceeded(
  seconds: usize,
  cpu: usize,
  bytes: usize,
  settled: usize,
  from: usize,
  until: usize,
  cpuLevel: f64,
  cpuNow: f64,
  memLevel: f64,
  memNow: f64,
  out: usize,
): void {
  let all: u64 = 0;
  let counted: u64 = 0;
  let overCpu: u64 = 0;
  let overCpuNow: u64 = 0;
  let overMem: u64 = 0;
  let overMemNow: u64 = 0;
  for (let i = from; i < until; i++) {
    const time = u16At(seconds, i) as u64;
    const held = f64At(bytes, i);
    all += time;
    overMem += held > memLevel ? time : 0;
    overMemNow += held > memNow ? time : 0;
    const settledTime: u64 = load<u8>(settled + i) != 0 ? time : 0;
    const used = load<u32>(cpu + (i << 2)) as f64;
    counted += settledTime;
    overCpu += used > cpuLevel ? settledTime : 0;
    overCpuNow += used > cpuNow ? settledTime : 0;
  }
  put(out, 0, all as f64);
  put(out, 1, counted as f64);
  put(out, 2, overCpu as f64);
  put(out, 3, overCpuNow as f64);
  put(out, 4, overMem as f64);
  put(out, 5, overMemNow as f64);
}

/**
 * Hours of a life and the most memory of each, of samples [from, until) put behind `length` that are there;
 * an hour that was begun goes on.
 * @returns how many hours there are then
 */
export function lifeHours(
  slot: usize,
  bytes: usize,
  from: usize,
  until: usize,
  hours: usize,
  highest: usize,
  length: usize,
): usize {
  let i = from;
  while (i < until) {
    const hour = u16At(slot, i) / HOUR_SLOTS;
    const end = (hour + 1) * HOUR_SLOTS;
    let held = f64At(bytes, i++);
    for (; i < until && u16At(slot, i) < end; i++) held = max(held, f64At(bytes, i));
    if (length > 0 && f64At(hours, length - 1) == (hour as f64)) {
      raise(highest, length - 1, held);
      continue;
    }
    put(hours, length, hour as f64);
    put(highest, length++, held);
  }
  return length;
}
