/**
 * The hot loops of reading columns. Nothing of its own lies in memory: every address is given, so that
 * other modules may work on the same. What a column holds is written as doubles. AssemblyScript; built
 * by `npm run build:wasm` to `../columns.wasm`.
 */

let cursor: usize = 0;

function varint(): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 64; shift += 7) {
    const byte = load<u8>(cursor++) as u64;
    value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return value;
}

function zigzag(): i64 {
  const value = varint();
  return ((value >>> 1) as i64) ^ -((value & 1) as i64);
}

/**
 * DELTA_BINARY_PACKED in [at, until), of at most 32 bits a number; some bytes behind are read, never used.
 * @returns false where it holds not so many rows, or no such thing
 */
export function deltas(at: usize, until: usize, out: usize, rows: u32): bool {
  cursor = at;
  const block = varint() as u32;
  const minis = varint() as u32;
  if (minis == 0 || (varint() as u32) != rows) return false;
  const each = block / minis;
  let value = zigzag();
  if (rows > 0) store<f64>(out, value as f64);
  let row: u32 = 1;
  at = cursor;
  while (row < rows) {
    if (at >= until) return false;
    cursor = at;
    const least = zigzag();
    const widths = cursor;
    at = widths + minis;
    for (let mini: u32 = 0; mini < minis && row < rows; mini++) {
      const width = load<u8>(widths + mini) as u32;
      const end = min(rows, row + each);
      if (width == 0) {
        for (; row < end; row++) {
          value += least;
          store<f64>(out + ((row as usize) << 3), value as f64);
        }
        continue;
      }
      if (width > 32 || at >= until) return false;
      const mask: u64 = ((1 as u64) << (width as u64)) - 1;
      for (let bit: u32 = 0; row < end; row++, bit += width) {
        const word = load<u64>(at + (bit >>> 3)) >>> ((bit & 7) as u64);
        value += least + ((word & mask) as i64);
        store<f64>(out + ((row as usize) << 3), value as f64);
      }
      at += (width * each) >>> 3;
    }
  }
  return at <= until;
}

/**
 * RLE_DICTIONARY in [at, until), runs alone, each word of so many bytes.
 * @param dictionary of so many numbers, of 64 bits or 32
 * @returns false where it is no such thing, or ends early
 */
export function words(
  at: usize,
  until: usize,
  bytes: u32,
  dictionary: usize,
  entries: u32,
  wide: bool,
  out: usize,
  rows: u32,
): bool {
  cursor = at;
  for (let row: u32 = 0; row < rows;) {
    if (cursor >= until) return false;
    const head = varint() as u32;
    const length = head >>> 1;
    if ((head & 1) != 0 || length == 0 || length > rows - row) return false;
    let word: u32 = 0;
    for (let byte: u32 = 0; byte < bytes; byte++)
      word |= (load<u8>(cursor++) as u32) << (byte << 3);
    if (word >= entries) return false;
    const number = wide
      ? (load<i64>(dictionary + ((word as usize) << 3)) as f64)
      : (load<i32>(dictionary + ((word as usize) << 2)) as f64);
    for (const end = row + length; row < end; row++)
      store<f64>(out + ((row as usize) << 3), number);
  }
  return cursor <= until;
}

/** PLAIN, of 64 bits or 32. @returns false where it ends early */
export function plain(at: usize, until: usize, wide: bool, out: usize, rows: u32): bool {
  if (at + ((rows as usize) << (wide ? 3 : 2)) > until) return false;
  for (let row: usize = 0; row < (rows as usize); row++)
    store<f64>(
      out + (row << 3),
      wide ? (load<i64>(at + (row << 3)) as f64) : (load<i32>(at + (row << 2)) as f64),
    );
  return true;
}
