import { TIMES, VALUES } from "./xor";

/**
 * What a series comes to, sample after sample: figures by five minutes, and when it was seen. The rules
 * are in `../../samples.ts`; every sum is of the same doubles in the same order as theirs.
 */

export const COUNTER: i32 = 0;
export const GAUGE: i32 = 1;
export const STATE: i32 = 2;

const BUCKET: f64 = 300_000;
const GAP: f64 = 301_000;
/** Bytes of a run: from, until, value. */
export const RUN: usize = 24;

/** The series that is open. */
export class Fold {
  kind: i32 = 0;
  hold: f64 = 0;
  most: f64 = 0;
  from: f64 = 0;
  until: f64 = 0;
  buckets: i32 = 0;
  /** A figure for each bucket of the window: counter: increase; gauge: value × milliseconds. */
  sums: usize = 0;
  maxima: usize = 0;
  runs: usize = 0;
  room: i32 = 0;

  samples: i32 = 0;
  infinite: i32 = 0;
  implausible: i32 = 0;
  begin: f64 = 0;
  last: f64 = -Infinity;
  /** Whether time has come to the window's end. */
  over: bool = false;
  before: f64 = -Infinity;
  value: f64 = 0;
  start: f64 = 0;
  /** When a NaN first followed the last value. */
  stale: f64 = Infinity;
  /** The bucket that time has come to, where it ends, and its figures so far. */
  cell: i32 = -1;
  edge: f64 = -Infinity;
  amount: f64 = 0;
  highest: f64 = 0;
  held: i32 = 0;

  clear(): void {
    this.samples = 0;
    this.infinite = 0;
    this.implausible = 0;
    this.last = -Infinity;
    this.over = false;
    this.before = -Infinity;
    this.value = 0;
    this.stale = Infinity;
    this.cell = -1;
    this.edge = -Infinity;
    this.amount = 0;
    this.highest = 0;
    this.held = 0;
  }

  /** Takes the samples in TIMES and VALUES, which are later than any before. */
  take(count: i32): void {
    if (count == 0) return;
    if (this.samples == 0) this.begin = load<f64>(TIMES);
    this.samples += count;
    this.last = load<f64>(TIMES + ((<usize>(count - 1)) << 3));
    if (this.kind == STATE) this.state(count);
    else if (this.over) return;
    else if (this.kind == COUNTER) this.counter(count);
    else this.gauge(count);
  }

  private counter(count: i32): void {
    const from = this.from;
    const until = this.until;
    const most = this.most;
    let before = this.before;
    let value = this.value;
    let edge = this.edge;
    let grew = this.amount;
    let highest = f64x2.splat(this.highest);
    for (let at: usize = 0; at < (<usize>count) << 3; at += 8) {
      const now = load<f64>(VALUES + at);
      const time = load<f64>(TIMES + at);
      if (now - now != 0) {
        this.broken(now, time);
        continue;
      }
      if (time >= until) {
        this.over = true;
        break;
      }
      const gap = time - before;
      if (gap <= GAP) {
        if (time >= from) {
          let grown = now - value;
          if (grown < 0) {
            grown = now;
            if (grown > gap * most) {
              this.implausible++;
              grown = 0;
            }
          }
          if (time >= edge) {
            this.put(grew, f64x2.extract_lane(highest, 0));
            edge = this.enter(time);
            grew = 0;
            highest = f64x2.splat(0);
          }
          grew += grown;
          // No branch: which of two is higher cannot be foretold, and a wrong guess costs ten of these.
          highest = f64x2.pmax(highest, f64x2.splat(grown / gap));
        }
      } else {
        if (before != -Infinity) this.keep(this.start, min(before + this.hold, this.stale), 1);
        this.start = time;
      }
      before = time;
      value = now;
      this.stale = Infinity;
    }
    this.before = before;
    this.value = value;
    this.edge = edge;
    this.amount = grew;
    this.highest = f64x2.extract_lane(highest, 0);
  }

  private gauge(count: i32): void {
    for (let at: usize = 0; at < (<usize>count) << 3 && !this.over; at += 8) {
      let now = load<f64>(VALUES + at);
      let time = load<f64>(TIMES + at);
      if (now - now != 0) {
        this.broken(now, time);
        continue;
      }
      // Most samples end in the bucket that time has come to.
      if (this.cell >= 0 && time <= this.edge && time < this.until) {
        const edge = min(this.edge, this.until - 1);
        let before = this.before;
        let value = this.value;
        let weighed = this.amount;
        let highest = f64x2.splat(this.highest);
        while (true) {
          weighed += value * (time - before);
          highest = f64x2.pmax(highest, f64x2.splat(value));
          before = time;
          value = now;
          if (at + 8 >= (<usize>count) << 3) break;
          now = load<f64>(VALUES + at + 8);
          time = load<f64>(TIMES + at + 8);
          if (!(time <= edge) || now - now != 0) break;
          at += 8;
        }
        this.before = before;
        this.value = value;
        this.amount = weighed;
        this.highest = f64x2.extract_lane(highest, 0);
        this.stale = Infinity;
      } else this.weigh(time, now);
    }
  }

  /** The last value weighs until the next sample, or one scrape interval before a gap. */
  private weigh(time: f64, now: f64): void {
    const from = this.from;
    const until = this.until;
    const before = this.before;
    const value = this.value;
    const over = time >= until;
    if (before == -Infinity) this.start = time;
    else {
      const gap = over || time - before > GAP;
      let end = time;
      if (gap) {
        end = min(before + this.hold, this.stale);
        this.keep(this.start, end, 1);
        this.start = time;
        if (end > until) end = until;
      }
      for (let since = before < from ? from : before; since < end;) {
        if (since >= this.edge) {
          this.put(this.amount, this.highest);
          this.edge = this.enter(since);
          this.amount = 0;
          this.highest = 0;
        }
        const stop = end < this.edge ? end : this.edge;
        this.amount += value * (stop - since);
        if (value > this.highest) this.highest = value;
        since = stop;
      }
    }
    if (over) {
      this.over = true;
      return;
    }
    this.before = time;
    this.value = now;
    this.stale = Infinity;
  }

  private state(count: i32): void {
    let before = this.before;
    let held = this.value;
    for (let at: usize = 0; at < (<usize>count) << 3; at += 8) {
      const now = load<f64>(VALUES + at);
      const time = load<f64>(TIMES + at);
      if (now - now != 0) {
        this.broken(now, time);
        continue;
      }
      if (this.over) continue;
      const follows = time - before <= GAP;
      this.over = time >= this.until;
      // Most say what they said a scrape before.
      if (!follows || now != held || this.over) {
        if (before != -Infinity)
          this.keep(this.start, follows ? time : min(before + this.hold, this.stale), held);
        this.start = time;
        held = now;
      }
      before = time;
      this.stale = Infinity;
    }
    this.before = before;
    this.value = held;
  }

  private broken(value: f64, time: f64): void {
    if (value == value) this.infinite++;
    else if (this.stale == Infinity) this.stale = time;
  }

  /** Enters the bucket of a time; gives where it ends. */
  private enter(time: f64): f64 {
    const index = floor((time - this.from) / BUCKET);
    this.cell = <i32>index;
    return this.from + (index + 1) * BUCKET;
  }

  private put(amount: f64, highest: f64): void {
    if (this.cell < 0) return;
    store<f64>(this.sums + ((<usize>this.cell) << 3), amount);
    store<f64>(this.maxima + ((<usize>this.cell) << 3), highest);
  }

  /** Adds what of a stretch lies in the window; a state that goes on is one run. */
  private keep(from: f64, until: f64, value: f64): void {
    const start = max(from, this.from);
    const end = min(until, this.until);
    if (end <= start) return;
    const last = this.runs + (<usize>this.held - 1) * RUN;
    if (
      this.kind == STATE &&
      this.held > 0 &&
      load<f64>(last, 16) == value &&
      load<f64>(last, 8) >= start
    ) {
      store<f64>(last, end, 8);
      return;
    }
    if (this.held == this.room) {
      const room = this.room * 2 + 16;
      const runs = heap.alloc(<usize>room * RUN);
      memory.copy(runs, this.runs, <usize>this.held * RUN);
      this.runs = runs;
      this.room = room;
    }
    const run = this.runs + <usize>this.held * RUN;
    store<f64>(run, start);
    store<f64>(run, end, 8);
    store<f64>(run, value, 16);
    this.held++;
  }

  /** After the last sample. */
  end(): void {
    const until = min(this.before + this.hold, this.stale);
    if (this.kind == STATE) {
      if (!this.over && this.before != -Infinity) this.keep(this.start, until, this.value);
      return;
    }
    if (this.kind == COUNTER) {
      if (this.before != -Infinity) this.keep(this.start, until, 1);
    } else if (!this.over) this.weigh(Infinity, 0);
    this.put(this.amount, this.highest);
  }
}

/** First bucket that samples touch in the window, what holds into it included; -1: none. */
export function firstBucket(fold: Fold): i32 {
  if (fold.begin >= fold.until || fold.last + max(fold.hold, GAP) <= fold.from) return -1;
  return <i32>floor((max(fold.begin, fold.from) - fold.from) / BUCKET);
}

/** The bucket after the last that samples touch. */
export function endBucket(fold: Fold): i32 {
  return <i32>ceil((min(fold.last + max(fold.hold, GAP), fold.until) - fold.from) / BUCKET);
}
