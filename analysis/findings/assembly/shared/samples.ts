/**
 * The hot loops of holding samples: rows of columns to runs of one container, and runs to series. Nothing of
 * its own lies in memory: every address is given. AssemblyScript; built by `npm run build:wasm` to
 * `../../samples.wasm`.
 *
 * A run holds what its flags say, column after column, each of `stride` numbers (a multiple of 8, at least
 * as many as its samples): microcores (u32); memory in pages (u32), or in bytes (f64) with BYTES; with GAPS its
 * slots (u16), which else are one after another; with PARTLY its seconds (u16), which else are a slot's;
 * with THROTTLED its throttled milliseconds (u32), which else are none. Mostly it is 8 bytes a sample.
 */

const GAPS: u32 = 1;
const PARTLY: u32 = 2;
const BYTES: u32 = 4;
const THROTTLED: u32 = 8;

const MOST: f64 = 4294967295;
/** Seconds of a slot. */
const SLOT: u32 = 300;
/** Bytes of a page, in which memory is handed out. */
const PAGE: f64 = 4096;
/** Added to a whole number under 2^32, its lowest 32 bits are the number. */
const WHOLE: f64 = 4503599627370496;

/** A whole number from 0 to 2^32 - 1, without the checks of a conversion. */
function whole(value: f64): u32 {
  return reinterpret<u64>(value + WHOLE) as u32;
}

let first: u32 = 0;
let last: u32 = 0;

/** Slot of the first sample of the run that was surveyed last. */
export function firstSlot(): u32 {
  return first;
}

/** Slot of its last sample. */
export function lastSlot(): u32 {
  return last;
}

/**
 * Finds the run that begins with a row: as long as slots grow and are in the window.
 * @param times, bytes, throttled addresses of doubles by row; `seconds` of u16
 * @param present marks slots of which there is any sample, a byte each
 * @returns how many rows it is, and its flags from bit 28 on
 */
export function survey(
  row: u32,
  until: u32,
  times: usize,
  seconds: usize,
  bytes: usize,
  throttled: usize,
  from: f64,
  slots: u32,
  present: usize,
): u32 {
  const end = (slots * SLOT) as f64;
  let before: i32 = -1;
  let flags: u32 = 0;
  const start = row;
  for (; row < until; row++) {
    const at = row as usize;
    const time = load<f64>(times + (at << 3)) - from;
    if (time < 0 || time >= end) break;
    const slot = (whole(time) / SLOT) as i32;
    if (slot <= before) break;
    if (row == start) first = slot as u32;
    else if (slot != before + 1) flags |= GAPS;
    before = slot;
    store<u8>(present + (slot as usize), 1);
    if ((load<u16>(seconds + (at << 1)) as u32) != SLOT) flags |= PARTLY;
    const pages = load<f64>(bytes + (at << 3)) / PAGE;
    if (!(pages <= MOST && (whole(pages) as f64) == pages)) flags |= BYTES;
    if (load<f64>(throttled + (at << 3)) > 0) flags |= THROTTLED;
  }
  last = before as u32;
  return (row - start) | (flags << 28);
}

/**
 * Keeps a run that was surveyed.
 * @returns the address behind it
 */
export function keep(
  row: u32,
  count: u32,
  flags: u32,
  times: usize,
  seconds: usize,
  cpu: usize,
  bytes: usize,
  throttled: usize,
  from: f64,
  out: usize,
): usize {
  const begin = row as usize;
  const length = count as usize;
  const stride = (length + 7) & ~7;
  for (let i: usize = 0; i < length; i++)
    store<u32>(out + (i << 2), whole(min(load<f64>(cpu + ((begin + i) << 3)), MOST)));
  out += stride << 2;
  if ((flags & BYTES) != 0) {
    memory.copy(out, bytes + (begin << 3), length << 3);
    out += stride << 3;
  } else {
    for (let i: usize = 0; i < length; i++)
      store<u32>(out + (i << 2), whole(load<f64>(bytes + ((begin + i) << 3)) / PAGE));
    out += stride << 2;
  }
  if ((flags & GAPS) != 0) {
    for (let i: usize = 0; i < length; i++)
      store<u16>(
        out + (i << 1),
        (whole(load<f64>(times + ((begin + i) << 3)) - from) / SLOT) as u16,
      );
    out += stride << 1;
  }
  if ((flags & PARTLY) != 0) {
    memory.copy(out, seconds + (begin << 1), length << 1);
    out += stride << 1;
  }
  if ((flags & THROTTLED) != 0) {
    for (let i: usize = 0; i < length; i++)
      store<u32>(out + (i << 2), whole(min(load<f64>(throttled + ((begin + i) << 3)), MOST)));
    out += stride << 2;
  }
  return out;
}

/** Samples of a run at its beginning whose slot is at most so much. */
export function upTo(run: usize, count: u32, flags: u32, begin: u32, slot: i32): u32 {
  const length = count as usize;
  const stride = (length + 7) & ~7;
  const slots = run + (stride << ((flags & BYTES) != 0 ? 3 : 2)) + (stride << 2);
  let skip: u32 = 0;
  for (; skip < count; skip++) {
    const now =
      (flags & GAPS) != 0 ? (load<u16>(slots + ((skip as usize) << 1)) as u32) : begin + skip;
    if ((now as i32) > slot) break;
  }
  return skip;
}

/**
 * Puts a run's samples from its sample `skip` on to a series' columns, each from its sample `at` on; up to 8
 * bytes behind are written too.
 * @param begin the run's first slot
 * @param throttled where the series' is; 0: it was never throttled
 */
export function gather(
  run: usize,
  count: u32,
  flags: u32,
  begin: u32,
  skip: usize,
  at: usize,
  slot: usize,
  seconds: usize,
  cpu: usize,
  bytes: usize,
  throttled: usize,
): void {
  const stride = ((count as usize) + 7) & ~7;
  const length = (count as usize) - skip;
  memory.copy(cpu + (at << 2), run + (skip << 2), length << 2);
  run += stride << 2;
  const held = bytes + (at << 3);
  if ((flags & BYTES) != 0) {
    memory.copy(held, run + (skip << 3), length << 3);
    run += stride << 3;
  } else {
    const pages = run + (skip << 2);
    for (let i: usize = 0; i < length; i++)
      store<f64>(held + (i << 3), (load<u32>(pages + (i << 2)) as f64) * PAGE);
    run += stride << 2;
  }
  const slots = slot + (at << 1);
  if ((flags & GAPS) != 0) {
    memory.copy(slots, run + (skip << 1), length << 1);
    run += stride << 1;
  } else {
    // Four at a time; what is beyond the last is written over, or by nobody read.
    let four = ((begin as u64) + (skip as u64)) * 0x0001000100010001 + 0x0003000200010000;
    for (let i: usize = 0; i < length; i += 4, four += 0x0004000400040004)
      store<u64>(slots + (i << 1), four);
  }
  const times = seconds + (at << 1);
  if ((flags & PARTLY) != 0) {
    memory.copy(times, run + (skip << 1), length << 1);
    run += stride << 1;
  } else
    for (let i: usize = 0; i < length; i += 4)
      store<u64>(times + (i << 1), (SLOT as u64) * 0x0001000100010001);
  if (throttled == 0) return;
  const waits = throttled + (at << 2);
  if ((flags & THROTTLED) != 0) memory.copy(waits, run + (skip << 2), length << 2);
  else memory.fill(waits, 0, length << 2);
}
