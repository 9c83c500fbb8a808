/** Hours as whole numbers in as few bits as they need. */

import { f64At } from "./places";

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
