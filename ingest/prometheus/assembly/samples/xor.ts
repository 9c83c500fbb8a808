/** Prometheus's XOR chunks (Gorilla): delta-of-delta times and XORed doubles, bit by bit. */

/** Samples that a chunk holds at most: its count has two bytes. */
export const MOST_SAMPLES: i32 = 65536;
/** Times (milliseconds, growing) and values of the samples decoded last. */
export const TIMES: usize = heap.alloc(<usize>MOST_SAMPLES * 8);
export const VALUES: usize = heap.alloc(<usize>MOST_SAMPLES * 8);
/** Bytes that must be readable past the end of a chunk; what stands there does not matter. */
export const SLACK: usize = 64;

/** Why a chunk cannot be decoded. */
export const CUT_FIRST: i32 = -1;
export const CUT_LATER: i32 = -2;
export const TOO_WIDE: i32 = -3;

/** Eight bytes, the first of them on top. */
function big64(at: usize): u64 {
  const bytes = v128.load_zero<u64>(at);
  return v128.extract_lane<u64>(
    v128.shuffle<u8>(bytes, bytes, 7, 6, 5, 4, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0),
    0,
  );
}

/** The 64 bits from a bit on. */
function read64(base: usize, bit: u32): u64 {
  const at = base + (bit >>> 3);
  const shift = <u64>(bit & 7);
  return (big64(at) << shift) | (<u64>load<u8>(at + 8) >> (8 - shift));
}

/**
 * Decodes the chunk in [from, until) into TIMES and VALUES, without what is not later than `last`:
 * blocks that overlap tell a sample twice.
 * @returns how many samples there are, or why there are none
 */
export function decodeXor(from: usize, until: usize, last: f64): i32 {
  let rest: i32 = ((<i32>load<u8>(from)) << 8) | <i32>load<u8>(from + 1);
  if (rest == 0) return 0;
  let p = from + 2;
  let byte: u64 = 0;
  let zigzag: u64 = 0;
  let shift: u64 = 0;
  do {
    byte = <u64>load<u8>(p++);
    zigzag |= (byte & 127) << shift;
    shift += 7;
  } while (byte >= 128 && p < until);
  let time = <i64>(zigzag >> 1) ^ -(<i64>(zigzag & 1));
  let bits = big64(p);
  p += 8;
  if (p > until) return CUT_FIRST;
  let at: usize = 0;
  let now = <f64>time;
  store<f64>(TIMES, now);
  store<u64>(VALUES, bits);
  if (now > last) {
    last = now;
    at = 8;
  }
  if (--rest == 0) return <i32>(at >> 3);
  let delta: i64 = 0;
  shift = 0;
  do {
    byte = <u64>load<u8>(p++);
    delta |= <i64>((byte & 127) << shift);
    shift += 7;
  } while (byte >= 128 && p < until);
  time += delta;
  let bit: u32 = (<u32>(p - from)) << 3;
  const end: u32 = (<u32>(until - from)) << 3;
  let leading: u64 = 0;
  let trailing: u64 = 0;
  let first = true;
  while (rest > 0) {
    if (bit > end) return CUT_LATER;
    let word = read64(from, bit);
    // Bits of the word that were read.
    let read: u32 = 0;
    if (first) first = false;
    else {
      if (<i64>word >= 0) {
        // Two zeros are a sample as long after the last as that was, with its value.
        let same = min(<i32>clz(word) >> 1, rest);
        if (same > 0) {
          bit += (<u32>same) << 1;
          rest -= same;
          for (; same > 0; same--) {
            time += delta;
            now = <f64>time;
            store<f64>(TIMES + at, now);
            store<u64>(VALUES + at, bits);
            if (now > last) {
              last = now;
              at += 8;
            }
          }
          continue;
        }
        bit += 1;
        read = 1;
        word <<= 1;
      } else {
        let head: u64 = 4;
        let size: u64 = 64;
        if (word >>> 62 == 0b10) {
          head = 2;
          size = 14;
        } else if (word >>> 61 == 0b110) {
          head = 3;
          size = 17;
        } else if (word >>> 60 == 0b1110) size = 20;
        if (size == 64) {
          delta += <i64>read64(from, bit + 4);
          bit += 68;
          word = read64(from, bit);
        } else {
          const change = <i64>((word << head) >>> (64 - size));
          delta += change > 1 << (<i64>size - 1) ? change - (1 << (<i64>size)) : change;
          bit += <u32>(head + size);
          read = <u32>(head + size);
          word <<= head + size;
        }
      }
      time += delta;
    }
    if (<i64>word >= 0) bit += 1;
    else {
      if ((word >>> 62) & 1) {
        leading = (word >>> 57) & 31;
        const stated = (word >>> 51) & 63;
        trailing = 64 - leading - (stated == 0 ? 64 : stated);
        if (<i64>trailing < 0) return TOO_WIDE;
        bit += 13;
        read += 13;
        word <<= 13;
      } else {
        bit += 2;
        read += 2;
        word <<= 2;
      }
      const size = 64 - leading - trailing;
      // Mostly all of it is in the word that is at hand.
      if (<u64>read + size > 64) word = read64(from, bit);
      bits ^= (word >>> (64 - size)) << trailing;
      bit += <u32>size;
    }
    now = <f64>time;
    store<f64>(TIMES + at, now);
    store<u64>(VALUES + at, bits);
    if (now > last) {
      last = now;
      at += 8;
    }
    rest--;
  }
  return bit > end ? CUT_LATER : <i32>(at >> 3);
}
