/**
 * The hot loops over one container's samples: what summaries, quantiles, VPA and bursts count. Nothing of its
 * own lies in memory: every address is given. No policy: levels and tables come from whom they serve. Sums
 * are made in the order of the samples, so that every digit is what plain loops would give. AssemblyScript;
 * built by `npm run build:wasm` to `../../rules.wasm`.
 */

const HOUR_SLOTS: u32 = 12;
/** Seconds of a slot. */
const SLOT: u32 = 300;

function u16At(at: usize, index: usize): u32 {
  return load<u16>(at + (index << 1)) as u32;
}

function f64At(at: usize, index: usize): f64 {
  return load<f64>(at + (index << 3));
}

function put(at: usize, index: usize, value: f64): void {
  store<f64>(at + (index << 3), value);
}

function add(at: usize, index: usize, value: f64): void {
  put(at, index, f64At(at, index) + value);
}

function raise(at: usize, index: usize, value: f64): void {
  if (value > f64At(at, index)) put(at, index, value);
}

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

/** Buckets are a 128th of a power of two wide: of a steady container's month each holds some dozens. */
const BITS: u32 = 7;
/** A bucket is one number: its seconds from this bit on, and below how many samples. */
const TIME: u64 = 28;
const COUNT: u64 = (1 << 28) - 1;

function bucketOf(value: u32): u32 {
  const zeros = clz(value);
  return zeros >= 31 - BITS
    ? value
    : ((31 - BITS - zeros) << BITS) + (value >>> (31 - BITS - zeros));
}

/** The least value of a bucket. */
function startOf(bucket: u32): u64 {
  const shift = bucket >>> BITS;
  return shift <= 1
    ? (bucket as u64)
    : (((bucket & ((1 << BITS) - 1)) + (1 << BITS)) as u64) << ((shift - 1) as u64);
}

/**
 * Counts samples [from, until) into buckets.
 * @param settled 0: the time of all counts
 * @param range the lowest and the highest bucket that hold any, as numbers of 32 bits
 * @returns seconds that count
 */
export function count(
  cpu: usize,
  seconds: usize,
  settled: usize,
  from: usize,
  until: usize,
  buckets: usize,
  range: usize,
): f64 {
  let lowest = load<u32>(range);
  let highest = load<u32>(range + 4);
  let total: u64 = 0;
  for (let i = from; i < until; i++) {
    const bucket = bucketOf(load<u32>(cpu + (i << 2)));
    const time: u64 = settled == 0 || load<u8>(settled + i) != 0 ? (u16At(seconds, i) as u64) : 0;
    const at = buckets + ((bucket as usize) << 3);
    store<u64>(at, load<u64>(at) + ((time << TIME) | 1));
    total += time;
    lowest = min(lowest, bucket);
    highest = max(highest, bucket);
  }
  store<u32>(range, lowest);
  store<u32>(range + 4, highest);
  return total as f64;
}

/**
 * The bucket in which that part of all seconds is reached.
 * @param under where the seconds at or under it go
 */
export function bucketOfTime(
  buckets: usize,
  highest: u32,
  total: f64,
  percent: f64,
  under: usize,
): u32 {
  const least = percent * total;
  let left = total;
  for (;;) {
    const time = (load<u64>(buckets + ((highest as usize) << 3)) >>> TIME) as f64;
    if ((left - time) * 100 < least) break;
    left -= time;
    highest--;
  }
  store<f64>(under, left);
  return highest;
}

/**
 * The bucket of a rank, counted from 0.
 * @param under where goes how many samples are under it
 */
export function bucketOfRank(
  buckets: usize,
  highest: u32,
  samples: f64,
  rank: f64,
  under: usize,
): u32 {
  let left = samples;
  for (; ; highest--) {
    left -= (load<u64>(buckets + ((highest as usize) << 3)) & COUNT) as f64;
    if (left <= rank) break;
  }
  store<f64>(under, left);
  return highest;
}

/**
 * Puts the samples of [from, until) that are in a bucket behind `length` that are there: values from bit 16
 * on, and below the seconds that count.
 * @returns how many are there then
 */
export function gather(
  cpu: usize,
  seconds: usize,
  settled: usize,
  from: usize,
  until: usize,
  bucket: u32,
  into: usize,
  length: usize,
): usize {
  const start = startOf(bucket);
  const width = (startOf(bucket + 1) - start) as u32;
  const first = start as u32;
  for (let i = from; i < until; i++) {
    const value = load<u32>(cpu + (i << 2));
    if (value - first >= width) continue;
    const time = settled == 0 || load<u8>(settled + i) != 0 ? u16At(seconds, i) : 0;
    store<u64>(into + (length++ << 3), ((value as u64) << 16) | (time as u64));
  }
  return length;
}

/** Sorts numbers of 64 bits [from, until). */
export function sort(numbers: usize, from: isize, until: isize): void {
  while (until - from > 24) {
    // The middle one of three: of equal ones, and of sorted ones, both sides are halves.
    let a = load<u64>(numbers + (from << 3));
    const b = load<u64>(numbers + (((from + until) >> 1) << 3));
    let c = load<u64>(numbers + ((until - 1) << 3));
    if (a > c) {
      const d = a;
      a = c;
      c = d;
    }
    const middle = max(a, min(b, c));
    let low = from;
    let high = until - 1;
    for (;;) {
      while (load<u64>(numbers + (low << 3)) < middle) low++;
      while (load<u64>(numbers + (high << 3)) > middle) high--;
      if (low >= high) break;
      const one = load<u64>(numbers + (low << 3));
      store<u64>(numbers + (low << 3), load<u64>(numbers + (high << 3)));
      store<u64>(numbers + (high << 3), one);
      low++;
      high--;
    }
    const split = high + 1;
    // The shorter side by calling, so that calls stay few.
    if (split - from < until - split) {
      sort(numbers, from, split);
      from = split;
    } else {
      sort(numbers, split, until);
      until = split;
    }
  }
  for (let i = from + 1; i < until; i++) {
    const one = load<u64>(numbers + (i << 3));
    let j = i;
    for (; j > from && load<u64>(numbers + ((j - 1) << 3)) > one; j--)
      store<u64>(numbers + (j << 3), load<u64>(numbers + ((j - 1) << 3)));
    store<u64>(numbers + (j << 3), one);
  }
}

/** The value of one of the sorted. */
export function valueAt(sorted: usize, index: usize): f64 {
  return (load<u64>(sorted + (index << 3)) >>> 16) as f64;
}

/** Of sorted samples the value at which that part of all seconds is reached; `under`: those at or under the last. */
export function valueOfTime(
  sorted: usize,
  length: usize,
  under: f64,
  total: f64,
  percent: f64,
): f64 {
  const least = percent * total;
  for (let index = length - 1; index > 0; index--) {
    under -= (load<u64>(sorted + (index << 3)) & 65535) as f64;
    if (under * 100 < least) return valueAt(sorted, index);
  }
  return valueAt(sorted, 0);
}

/**
 * Adds averages of five minutes to VPA's histogram, each as the minutes it stands for.
 * @param steps the bucket in which each 1,024 microcores begin; of `stepCount`, then the last
 * @param starts the least microcores of each bucket, as doubles
 * @param factors by slot
 * @param state doubles: the total, the first and the last bucket of weight
 * @returns minutes
 */
export function vpaCpu(
  cpu: usize,
  slot: usize,
  seconds: usize,
  from: usize,
  until: usize,
  steps: usize,
  stepCount: u32,
  bucketCount: u32,
  starts: usize,
  factors: usize,
  factor: f64,
  weight: f64,
  least: f64,
  weights: usize,
  state: usize,
): f64 {
  let total = f64At(state, 0);
  let first = f64At(state, 1) as u32;
  let last = f64At(state, 2) as u32;
  let minutes: u64 = 0;
  for (let i = from; i < until; i++) {
    const observed = u16At(seconds, i);
    const count = observed == SLOT ? 5 : max(1, (observed + 30) / 60);
    const used = load<u32>(cpu + (i << 2));
    const step = used >>> 10;
    let bucket = step < stepCount ? (load<u8>(steps + (step as usize)) as u32) : bucketCount - 1;
    if ((used as f64) >= f64At(starts, (bucket + 1) as usize)) bucket++;
    const added = weight * (count as f64) * factor * f64At(factors, u16At(slot, i) as usize);
    const sum = f64At(weights, bucket as usize) + added;
    put(weights, bucket as usize, sum);
    total += added;
    minutes += count as u64;
    if (sum < least) continue;
    first = min(first, bucket);
    last = max(last, bucket);
  }
  put(state, 0, total);
  put(state, 1, first as f64);
  put(state, 2, last as f64);
  return minutes as f64;
}

/** The largest whole number of a packed column. */
const MOST: f64 = 2147483647;

/** Half up, as JavaScript does. */
function round(value: f64): f64 {
  const up = ceil(value);
  return up - 0.5 > value ? up - 1 : up;
}

/** Marks hours that are shown: of any time, or a kill; of others takes away the pods. */
export function show(seconds: usize, kills: usize, pods: usize, shown: usize, hours: usize): void {
  for (let hour: usize = 0; hour < hours; hour++) {
    const is = f64At(seconds, hour) != 0 || f64At(kills, hour) != 0;
    store<u8>(shown + hour, is ? 1 : 0);
    if (!is) store<i32>(pods + (hour << 2), 0);
  }
}

/**
 * A column of hours as whole numbers of 32 bits; an hour that is left out says what the one before did.
 * @param seconds 0: values are what they are; else they are divided by them
 * @param shown a byte by hour: whether it is not left out
 * @param unit by which values that are not negative are divided, and rounded up; 1: they are rounded
 */
export function column(
  values: usize,
  seconds: usize,
  shown: usize,
  hours: usize,
  unit: f64,
  out: usize,
): void {
  let before: i32 = 0;
  for (let hour: usize = 0; hour < hours; hour++) {
    if (load<u8>(shown + hour) != 0) {
      let value = f64At(values, hour);
      if (seconds != 0) {
        const time = f64At(seconds, hour);
        value = time == 0 ? 0 : value / time;
      }
      if (unit != 1) value = value < 0 ? -1 : ceil(value / unit);
      before = (value > MOST ? MOST : round(value)) as i32;
    }
    store<i32>(out + (hour << 2), before);
  }
}

/**
 * Packs whole numbers of 32 bits: the least, the bits each is over it, and those bits one after another, the
 * lowest first; some bytes behind are written too.
 * @returns the address behind
 */
export function pack(numbers: usize, length: usize, out: usize): usize {
  let least = load<i32>(numbers);
  let highest = least;
  for (let index: usize = 1; index < length; index++) {
    const one = load<i32>(numbers + (index << 2));
    least = min(least, one);
    highest = max(highest, one);
  }
  const width: u32 = 32 - (clz((highest - least) as u32) as u32);
  store<i32>(out, least);
  store<u8>(out + 4, width as u8);
  out += 5;
  if (width == 0) return out;
  let held: u64 = 0;
  let bits: u64 = 0;
  for (let index: usize = 0; index < length; index++) {
    held |= ((load<i32>(numbers + (index << 2)) - least) as u32 as u64) << bits;
    bits += width as u64;
    if (bits < 32) continue;
    store<u32>(out, held as u32);
    out += 4;
    held >>>= 32;
    bits -= 32;
  }
  store<u32>(out, held as u32);
  return out + (((bits + 7) >>> 3) as usize);
}
