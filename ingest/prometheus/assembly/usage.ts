/**
 * The figures of one container, by five minutes and by hour, from what it used and asked for by five
 * minutes. The other side is `../usage.ts`, which says what is put into which cells.
 */

const BUCKET: f64 = 300_000;
const BUCKETS_AN_HOUR: i32 = 12;
/** Cells of a figure: the buckets of a day, and one that is touched by what ends with it. */
const CELLS: i32 = 289;
/**
 * Rows of which the columns are made: five minutes and hours of many containers, one after another. No
 * multiple of a page: columns a whole number of pages apart would all lie in the same few lines of the cache.
 */
const FIVES: i32 = 41_000;
const HOUR_ROWS: i32 = 5_160;
/** Milliseconds of a byte in a second of a mebibyte. */
const MIB_MS: f64 = 1_048_576_000;

/** What is known by bucket; in the order of `INPUT` in `../usage.ts`. */
const CPU: i32 = 0;
const CPU_MAX: i32 = 1;
const MEMORY: i32 = 2;
const MEMORY_MAX: i32 = 3;
const THROTTLED: i32 = 4;
const RESTARTS: i32 = 5;
const OOM: i32 = 6;
const RECEIVED: i32 = 7;
const SENT: i32 = 8;
const KILLED: i32 = 9;
const THERE: i32 = 10;
const MEASURED: i32 = 11;
const CPU_REQUEST: i32 = 12;
const CPU_REQUESTED: i32 = 13;
const MEMORY_REQUEST: i32 = 14;
const MEMORY_REQUESTED: i32 = 15;
const GPU_REQUESTED: i32 = 16;
const CPU_LIMIT: i32 = 17;
const MEMORY_LIMIT: i32 = 18;
const INPUTS: i32 = 19;

// Fresh memory is zero, and most figures of most containers are never touched.
const touched: usize = heap.alloc(19);
const input: usize = heap.alloc(19 * 289 * 8);
const staged: usize = heap.alloc(2 * 289 * 8);
const fives: usize = heap.alloc(13 * 41_000 * 8);
const hourly: usize = heap.alloc(14 * 5_160 * 8);
/** How many rows there are. */
let fiveRows: i32 = 0;
let hourRows: i32 = 0;

function touch(figure: i32): void {
  store<u8>(touched + <usize>figure, 1);
}

function at(figure: i32, cell: i32): usize {
  return input + ((<usize>(figure * CELLS + cell)) << 3);
}

/** Where a part's figures are put for `add` and `raise`, and where rows are. */
export function stage(): usize {
  return staged;
}
export function five(): usize {
  return fives;
}
export function hours(): usize {
  return hourly;
}
export function fiveCount(): i32 {
  return fiveRows;
}
export function hourCount(): i32 {
  return hourRows;
}
/** How many rows there can be; what a day of one container makes must still fit. */
export function fiveRoom(): i32 {
  return FIVES;
}
export function hourRoom(): i32 {
  return HOUR_ROWS;
}
/** Forgets rows that were taken. */
export function clearFives(): void {
  fiveRows = 0;
}
export function clearHours(): void {
  hourRows = 0;
}

/** Adds the sums that are staged to the cells from `first` on. */
export function add(figure: i32, first: i32, count: i32): void {
  touch(figure);
  const cells = at(figure, first);
  for (let j: usize = 0; j < (<usize>count) << 3; j += 8)
    store<f64>(cells + j, load<f64>(cells + j) + load<f64>(staged + j));
}

/** Raises the cells from `first` on to the maxima that are staged after the sums. */
export function raise(figure: i32, first: i32, count: i32): void {
  touch(figure);
  const cells = at(figure, first);
  const maxima = staged + ((<usize>count) << 3);
  for (let j: usize = 0; j < (<usize>count) << 3; j += 8)
    store<f64>(cells + j, higher(load<f64>(cells + j), load<f64>(maxima + j)));
}

/** The higher of two numbers, without a branch: which it is cannot be foretold. */
function higher(a: f64, b: f64): f64 {
  return f64x2.extract_lane(f64x2.pmax(f64x2.splat(a), f64x2.splat(b)), 0);
}

/** A half goes up; without a branch, as `Math.round` has one. */
function round(value: f64): f64 {
  return floor(value + 0.5);
}

/** Adds value × milliseconds of a stretch to the five minutes it touches; both from the first cell on. */
export function weigh(figure: i32, from: f64, until: f64, value: f64): void {
  if (until <= from) return;
  touch(figure);
  const first = <i32>floor(from / BUCKET);
  const last = <i32>floor((until - 1) / BUCKET);
  if (first == last) {
    more(figure, first, value * (until - from));
    return;
  }
  more(figure, first, value * (<f64>(first + 1) * BUCKET - from));
  const whole = value * BUCKET;
  for (let cell = first + 1; cell < last; cell++) more(figure, cell, whole);
  more(figure, last, value * (until - <f64>last * BUCKET));
}

function more(figure: i32, cell: i32, value: f64): void {
  const place = at(figure, cell);
  store<f64>(place, load<f64>(place) + value);
}

/** Raises the five minutes that a stretch touches to a value. */
export function top(figure: i32, from: f64, until: f64, value: f64): void {
  touch(figure);
  const last = <i32>floor((until - 1) / BUCKET);
  for (let cell = <i32>floor(from / BUCKET); cell <= last; cell++)
    if (value > load<f64>(at(figure, cell))) store<f64>(at(figure, cell), value);
}

/**
 * Whole units of what grew, so that they add up to the whole of the sum: each bucket gets what the
 * running total, rounded, grew by.
 */
class Rounded {
  exact: f64 = 0;
  given: f64 = 0;
  take(amount: f64): f64 {
    if (amount == 0) return 0;
    this.exact += amount;
    const given = round(this.exact) - this.given;
    this.given += given;
    return given;
  }
}
const wholeCpu = new Rounded();
const wholeThrottled = new Rounded();
const wholeReceived = new Rounded();
const wholeSent = new Rounded();

function begin(rounded: Rounded): void {
  rounded.exact = 0;
  rounded.given = 0;
}

function put(column: i32, row: i32, value: f64): void {
  store<f64>(fives + ((<usize>(column * FIVES + row)) << 3), value);
}

function grow(column: i32, row: i32, value: f64): void {
  if (value == 0) return;
  const place = hourly + ((<usize>(column * HOUR_ROWS + row)) << 3);
  store<f64>(place, load<f64>(place) + value);
}

/** A request or a limit as it is written; NaN where there is none. */
function size(figure: i32, cell: i32, by: f64): f64 {
  const value = load<f64>(at(figure, cell));
  return value == 0 ? NaN : round(value * by);
}

/**
 * Adds the rows of a container and empties the cells; columns are in the order of `USAGE_5M` and
 * `USAGE_HOUR`.
 * @param first bucket of the day that cell 0 is
 * @param origin seconds since 1970 of the day's begin
 * @param counted whether kills were counted; else a restart after one that is known is one
 */
export function figures(first: i32, count: i32, origin: f64, counted: bool): void {
  begin(wholeCpu);
  begin(wholeThrottled);
  begin(wholeReceived);
  begin(wholeSent);
  let rows: i32 = fiveRows;
  const firstHour = hourRows;
  let hour: i32 = firstHour - 1;
  let inHour: i32 = -1;
  for (let cell: i32 = 0; cell < count; cell++) {
    const ms = load<f64>(at(THERE, cell));
    const used = wholeCpu.take(load<f64>(at(CPU, cell)) * 1000);
    const throttled = wholeThrottled.take(load<f64>(at(THROTTLED, cell)) * 1000);
    const received = wholeReceived.take(load<f64>(at(RECEIVED, cell)));
    const sent = wholeSent.take(load<f64>(at(SENT, cell)));
    const again = round(load<f64>(at(RESTARTS, cell)));
    if (ms == 0 && used == 0 && throttled == 0 && received == 0 && sent == 0 && again == 0)
      continue;
    const kills = counted
      ? round(load<f64>(at(OOM, cell)))
      : again > 0 && load<f64>(at(KILLED, cell)) > 0
        ? 1.0
        : 0.0;
    const byteMs = load<f64>(at(MEMORY, cell));
    const requestedMs = load<f64>(at(CPU_REQUESTED, cell));
    const requestedByteMs = load<f64>(at(MEMORY_REQUESTED, cell));
    const bucket = first + cell;
    const index = bucket / BUCKETS_AN_HOUR;
    if (index != inHour) {
      inHour = index;
      hour++;
      for (let column: i32 = 0; column < 14; column++)
        store<f64>(hourly + ((<usize>(column * HOUR_ROWS + hour)) << 3), 0);
      grow(0, hour, origin + <f64>index * 3600);
    }
    grow(1, hour, ms);
    grow(2, hour, used);
    grow(3, hour, requestedMs);
    grow(4, hour, higher(requestedMs, used));
    grow(5, hour, byteMs / MIB_MS);
    grow(6, hour, requestedByteMs / MIB_MS);
    grow(7, hour, higher(byteMs, requestedByteMs) / MIB_MS);
    grow(8, hour, load<f64>(at(GPU_REQUESTED, cell)));
    grow(9, hour, received);
    grow(10, hour, sent);
    grow(11, hour, throttled);
    grow(12, hour, kills);
    grow(13, hour, again);

    const seen = load<f64>(at(MEASURED, cell));
    // Nobody measured a container that only waited to start; it has no size to learn from.
    if (seen == 0 && kills == 0 && again == 0) continue;
    put(0, rows, origin + <f64>bucket * 300);
    put(1, rows, round(seen / 1000));
    put(2, rows, seen == 0 ? 0.0 : round((used * 1e6) / seen));
    put(3, rows, round(load<f64>(at(CPU_MAX, cell)) * 1e9));
    put(4, rows, seen == 0 ? 0.0 : round(byteMs / seen));
    put(5, rows, round(load<f64>(at(MEMORY_MAX, cell))));
    put(6, rows, size(CPU_REQUEST, cell, 1e6));
    put(7, rows, size(MEMORY_REQUEST, cell, 1));
    put(8, rows, size(CPU_LIMIT, cell, 1e6));
    put(9, rows, size(MEMORY_LIMIT, cell, 1));
    put(10, rows, throttled);
    put(11, rows, kills);
    put(12, rows, again);
    rows++;
  }
  fiveRows = rows;
  hourRows = hour + 1;
  for (let row: i32 = firstHour; row < hourRows; row++) {
    const seconds = hourly + ((<usize>(HOUR_ROWS + row)) << 3);
    store<f64>(seconds, load<f64>(seconds) / 1000);
    for (let column: i32 = 0; column < 14; column++) {
      const place = hourly + ((<usize>(column * HOUR_ROWS + row)) << 3);
      store<f64>(place, round(load<f64>(place)));
    }
  }
  for (let figure: i32 = 0; figure < INPUTS; figure++) {
    if (load<u8>(touched + <usize>figure) == 0) continue;
    memory.fill(at(figure, 0), 0, (<usize>(count + 1)) << 3);
    store<u8>(touched + <usize>figure, 0);
  }
}
