/**
 * The hot loops of holding samples: rows of columns to runs of one container, and runs to series. Nothing of
 * its own lies in memory: every address is given. AssemblyScript; built by `npm run build:wasm` to
 * `../../samples.wasm`.
 *
 * A run of at most `stride` samples (a multiple of 8) is 16 · stride bytes, and 4 · stride more where any
 * was throttled: slots as u16, seconds as u16, microcores as u32, bytes as f64, throttled milliseconds as u32.
 */

const MOST: f64 = 4294967295;
/** Seconds of a slot. */
const SLOT: u32 = 300;
/** Added to a whole number under 2^32, its lowest 32 bits are the number. */
const WHOLE: f64 = 4503599627370496;

/** A whole number from 0 to 2^32 - 1, without the checks of a conversion. */
function whole(value: f64): u32 {
  return reinterpret<u64>(value + WHOLE) as u32;
}

/**
 * Keeps rows from `row` on as a run, for as long as their slots grow and are in the window.
 * @param times, cpu, bytes, throttled addresses of doubles by row; `seconds` of u16
 * @param out where the run goes
 * @param present marks slots of which there is any sample, a byte each
 * @returns how many rows it is, and bit 31 where any of them was throttled
 */
export function keep(
  row: u32,
  until: u32,
  times: usize,
  seconds: usize,
  cpu: usize,
  bytes: usize,
  throttled: usize,
  from: f64,
  slots: f64,
  out: usize,
  stride: usize,
  present: usize,
): u32 {
  const secondsAt = out + (stride << 1);
  const cpuAt = out + (stride << 2);
  const bytesAt = out + (stride << 3);
  const throttledAt = out + (stride << 4);
  const end = slots * (SLOT as f64);
  let last: i32 = -1;
  let count: usize = 0;
  let any: u32 = 0;
  for (; row < until; row++, count++) {
    const at = row as usize;
    const time = load<f64>(times + (at << 3)) - from;
    if (time < 0 || time >= end) break;
    const slot = (whole(time) / SLOT) as i32;
    if (slot <= last) break;
    last = slot;
    store<u16>(out + (count << 1), slot as u16);
    store<u8>(present + (slot as usize), 1);
    store<u16>(secondsAt + (count << 1), load<u16>(seconds + (at << 1)));
    store<u32>(cpuAt + (count << 2), whole(min(load<f64>(cpu + (at << 3)), MOST)));
    store<f64>(bytesAt + (count << 3), load<f64>(bytes + (at << 3)));
    const held = whole(min(load<f64>(throttled + (at << 3)), MOST));
    any |= held;
    // Where nothing was, the next run is put here.
    store<u32>(throttledAt + (count << 2), held);
  }
  return (count as u32) | (any != 0 ? 0x80000000 : 0);
}

/**
 * Copies `count` samples of a run from its sample `skip` on to a series' columns, each from its sample `at` on.
 * @param throttled where the series' is; 0: it was never throttled
 * @param marked whether the run was
 */
export function gather(
  run: usize,
  stride: usize,
  skip: usize,
  count: usize,
  at: usize,
  slot: usize,
  seconds: usize,
  cpu: usize,
  bytes: usize,
  throttled: usize,
  marked: bool,
): void {
  copy(slot + (at << 1), run + (skip << 1), count << 1);
  copy(seconds + (at << 1), run + (stride << 1) + (skip << 1), count << 1);
  copy(cpu + (at << 2), run + (stride << 2) + (skip << 2), count << 2);
  copy(bytes + (at << 3), run + (stride << 3) + (skip << 3), count << 3);
  if (throttled == 0) return;
  const to = throttled + (at << 2);
  if (marked) copy(to, run + (stride << 4) + (skip << 2), count << 2);
  else clear(to, count << 2);
}

function copy(to: usize, from: usize, size: usize): void {
  memory.copy(to, from, size);
}

function clear(to: usize, size: usize): void {
  memory.fill(to, 0, size);
}
