/** Quantiles of samples, weighed by their seconds or counted: buckets first, then what one bucket holds, sorted. */

import { u16At } from "./places";

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
