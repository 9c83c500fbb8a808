/**
 * Columns of numbers as Parquet's encodings: https://parquet.apache.org/docs/file-format/data-pages/encodings/
 * The other side is `../parquet-numbers.ts`. A number is a double, NaN where there is none.
 */

let room: i32 = 0;
/** The column, and what is made of it: a page's body, which rows hold something, a dictionary. */
let numbers: usize = 0;
let body: usize = 0;
let present: usize = 0;
let values: usize = 0;
/** Runs of one place in the dictionary, and the places by hash: one more than them, 0 where none is. */
let places: usize = 0;
let lengths: usize = 0;
let hashed: usize = 0;
let slots: u32 = 0;

let low_: f64 = 0;
let high_: f64 = 0;
let nulls_: i32 = 0;
let runs_: i32 = 0;
let distinct: i32 = 0;

/** Room for a column of so many rows; gives where it is to be put. */
export function reserve(rows: i32): usize {
  if (rows > room) {
    room = max(rows, room * 2);
    const words = (<usize>room) << 3;
    numbers = heap.alloc(words);
    // Runs of single rows, and blocks of differences with their heads, are longer than the numbers.
    body = heap.alloc(words * 2 + 4096);
    present = heap.alloc(words + 64);
    values = heap.alloc(words);
    places = heap.alloc(words >> 1);
    lengths = heap.alloc(words >> 1);
    slots = 64;
    while (slots < <u32>room * 2) slots <<= 1;
    hashed = heap.alloc((<usize>slots) << 2);
  }
  return numbers;
}

export function bodyAt(): usize {
  return body;
}
export function presentAt(): usize {
  return present;
}
export function valuesAt(): usize {
  return values;
}
export function least(): f64 {
  return low_;
}
export function most(): f64 {
  return high_;
}
export function nulls(): i32 {
  return nulls_;
}
export function runs(): i32 {
  return runs_;
}
export function dictionary(): i32 {
  return distinct;
}

function number(row: i32): f64 {
  return load<f64>(numbers + ((<usize>row) << 3));
}

/** What the numbers look like: their range, and how often one differs from the one before. */
export function survey(rows: i32): void {
  let low: f64 = Infinity;
  let high: f64 = -Infinity;
  let none: i32 = 0;
  let changes: i32 = 0;
  let before: f64 = NaN;
  for (let row: i32 = 0; row < rows; row++) {
    const value = number(row);
    // Most figures of a container are what they were five minutes before.
    if (value == before) continue;
    if (value != value) {
      none++;
      continue;
    }
    if (value < low) low = value;
    if (value > high) high = value;
    changes++;
    before = value;
  }
  low_ = low;
  high_ = high;
  nulls_ = none;
  runs_ = changes;
}

/** Puts a varint; gives where it ends. */
function varint(at: usize, value: u64): usize {
  for (; value >= 128; value >>= 7) store<u8>(at++, <u8>value | 128);
  store<u8>(at++, <u8>value);
  return at;
}

function zigzag(value: i64): u64 {
  return <u64>((value << 1) ^ (value >> 63));
}

/** Puts numbers that are there one after another, of eight bytes or four; gives how many bytes. */
export function plain(rows: i32, wide: bool): i32 {
  let at = body;
  for (let row: i32 = 0; row < rows; row++) {
    const value = number(row);
    if (value != value) continue;
    if (wide) {
      store<i64>(at, <i64>value);
      at += 8;
    } else {
      store<i32>(at, <i32>value);
      at += 4;
    }
  }
  return <i32>(at - body);
}

const BLOCK: i32 = 128;
const MINIBLOCKS: i32 = 4;
const EACH: i32 = 32;
const steps: usize = memory.data(128 * 4, 16);

/**
 * Whole numbers as the differences to those before, in blocks less their smallest, packed in as few
 * bits; the range that `survey` found is narrower than 31 bits. Gives how many bytes.
 */
export function deltas(rows: i32): i32 {
  let at = varint(body, BLOCK);
  at = varint(at, MINIBLOCKS);
  at = varint(at, rows);
  at = varint(at, zigzag(<i64>number(0)));
  const low = low_;
  let before = <i32>(number(0) - low);
  for (let from: i32 = 1; from < rows; from += BLOCK) {
    const count = rows - from < BLOCK ? rows - from : BLOCK;
    let least: i32 = i32.MAX_VALUE;
    let most: i32 = i32.MIN_VALUE;
    for (let index: i32 = 0; index < count; index++) {
      const value = <i32>(number(from + index) - low);
      const step = value - before;
      store<i32>(steps + ((<usize>index) << 2), step);
      least = step < least ? step : least;
      most = step > most ? step : most;
      before = value;
    }
    at = varint(at, zigzag(<i64>least));
    const widths = at;
    at += MINIBLOCKS;
    store<u32>(widths, 0);
    if (least == most) continue;
    for (let block: i32 = 0; block < MINIBLOCKS; block++) {
      const first = block * EACH;
      const end = first + EACH < count ? first + EACH : count;
      let used: u32 = 0;
      for (let index = first; index < end; index++)
        used |= load<u32>(steps + ((<usize>index) << 2)) - least;
      const width = 32 - clz(used);
      store<u8>(widths + block, <u8>width);
      if (width == 0) continue;
      let bits: u64 = 0;
      let filled: u64 = 0;
      let out = at;
      for (let index = first; index < end; index++) {
        // In 32 bits: what is only cast would be subtracted in 64.
        const over: u32 = load<u32>(steps + ((<usize>index) << 2)) - least;
        bits |= (<u64>over) << filled;
        filled += width;
        if (filled >= 32) {
          store<u32>(out, <u32>bits);
          out += 4;
          bits >>= 32;
          filled -= 32;
        }
      }
      at += (<usize>width) << 2;
      // What the last values of all lack of a whole miniblock is zero.
      for (; out < at; out += 4) {
        store<u32>(out, <u32>bits);
        bits = 0;
      }
    }
  }
  return <i32>(at - body);
}

/** Where in the dictionary a number stands; a new one is put at its end. */
function place(value: f64): i32 {
  // The two zeros are one number.
  const bits = reinterpret<u64>(value + 0.0);
  let slot = <u32>((bits * 0x9e3779b97f4a7c15) >> 32) & (slots - 1);
  while (true) {
    const known = load<i32>(hashed + ((<usize>slot) << 2));
    if (known == 0) break;
    if (load<f64>(values + ((<usize>(known - 1)) << 3)) == value) return known - 1;
    slot = (slot + 1) & (slots - 1);
  }
  store<f64>(values + ((<usize>distinct) << 3), value);
  store<i32>(hashed + ((<usize>slot) << 2), ++distinct);
  return distinct - 1;
}

/** Numbers as places in a dictionary of their own, by runs; those of nothing are left out. */
export function placed(rows: i32): i32 {
  memory.fill(hashed, 0, (<usize>slots) << 2);
  distinct = 0;
  let count: usize = 0;
  for (let row: i32 = 0; row < rows;) {
    const value = number(row);
    let end = row + 1;
    if (value != value) {
      row = end;
      continue;
    }
    while (end < rows && number(end) == value) end++;
    store<i32>(places + count, place(value));
    store<i32>(lengths + count, end - row);
    count += 4;
    row = end;
  }
  const width: i32 = distinct < 2 ? 1 : 32 - clz(distinct - 1);
  const bytes = (width + 7) >> 3;
  let at = body;
  store<u8>(at++, <u8>width);
  for (let run: usize = 0; run < count; run += 4) {
    at = varint(at, (<u64>load<u32>(lengths + run)) << 1);
    // What is wider than the place is written over.
    store<u32>(at, load<u32>(places + run));
    at += bytes;
  }
  return <i32>(at - body);
}

/** Makes the dictionary's own page of what `placed` found. */
export function plainDictionary(wide: bool): i32 {
  for (let index: i32 = 0; index < distinct; index++) {
    const value = load<f64>(values + ((<usize>index) << 3));
    if (wide) store<i64>(values + ((<usize>index) << 3), <i64>value);
    else store<i32>(values + ((<usize>index) << 2), <i32>value);
  }
  return distinct << (wide ? 3 : 2);
}

/** Which rows hold something, as runs, with their length before them. */
export function definitions(rows: i32): i32 {
  let at = present + 4;
  for (let row: i32 = 0; row < rows;) {
    const value = number(row);
    const none = value != value;
    let end = row + 1;
    while (end < rows && (number(end) != number(end)) == none) end++;
    at = varint(at, (<u64>(end - row)) << 1);
    store<u8>(at++, none ? 0 : 1);
    row = end;
  }
  store<u32>(present, <u32>(at - present - 4));
  return <i32>(at - present);
}
