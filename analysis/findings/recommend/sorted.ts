import { arena, keptBytes, keptNumbers, type Placed, rules } from "../placed.ts";

/**
 * CPU samples of stretches of the placed series, of which single places in their order are asked for: by
 * time, as our quantiles are, and by rank, as KRR's. Counted into buckets once; of the one bucket in which
 * an answer lies the samples themselves are sorted, so that every answer is exact.
 */

/** As the loops' `bucketOf` makes them: of 32 bits, 128 each power of two. */
const BITS = 7;
const EACH = 1 << BITS;
export const BUCKETS = (32 - BITS + 1) * EACH;
/** Of a bucket's 64 bits those from here on are its seconds, and below is the number of its samples. */
const TIME = 28;
/** More than any bucket. */
const NONE = 0xffffffff;

const under = keptNumbers(1);
// Whose samples (by the address of its buckets), of which bucket, lie sorted in the room for them, and how many.
const sorted = { of: 0, bucket: NONE, length: 0 };

/** The bucket of a value, as the loops have it. */
export function bucketOf(value: number): number {
  const shift = 31 - BITS - Math.clz32(value);
  return shift <= 0 ? value : (shift << BITS) + (value >>> shift);
}

/** The least value of a bucket. */
export function startOf(bucket: number): number {
  const shift = (bucket >>> BITS) - 1;
  return shift <= 0 ? bucket : ((bucket & (EACH - 1)) + EACH) * 2 ** shift;
}

export class SortedCpu {
  readonly #buckets = arena.reserve(BUCKETS * 8);
  readonly #range = new Uint32Array(arena.buffer, keptBytes(8).byteOffset, 2);
  #placed: Placed | undefined;
  #ranges: [from: number, until: number, settled: number][] = [];
  #length = 0;
  #total = 0;

  constructor() {
    new Float64Array(arena.buffer, this.#buckets, BUCKETS).fill(0);
    this.#range.set([NONE, 0]);
  }

  /** Forgets all, to be used again for samples of a series that was placed. */
  begin(placed: Placed): void {
    const [lowest = NONE, highest = 0] = this.#range;
    if (lowest !== NONE)
      new Float64Array(arena.buffer, this.#buckets, BUCKETS).fill(0, lowest, highest + 1);
    this.#range.set([NONE, 0]);
    this.#placed = placed;
    this.#ranges = [];
    this.#length = 0;
    this.#total = 0;
    if (sorted.of === this.#buckets) sorted.of = 0;
  }

  /** Adds samples [from, until). @param settled whether the time of those alone counts that are */
  add(from: number, until: number, settled: boolean): void {
    if (from === until || this.#placed === undefined) return;
    const counted = settled ? this.#placed.settled : 0;
    const { cpu, seconds } = this.#placed;
    this.#ranges.push([from, until, counted]);
    this.#length += until - from;
    this.#total += rules.count(
      cpu,
      seconds,
      counted,
      from,
      until,
      this.#buckets,
      this.#range.byteOffset,
    );
    if (sorted.of === this.#buckets) sorted.of = 0;
  }

  get length(): number {
    return this.#length;
  }
  /** Seconds that count. */
  get seconds(): number {
    return this.#total;
  }

  /**
   * The smallest value so that at least that part of all counted seconds is at or under it (nearest
   * rank; nothing is interpolated). Null where none count.
   * @param percent whole, from 1 to 100
   */
  quantile(percent: number): number | null {
    if (this.#total === 0) return null;
    // From the top: the quantiles that are asked for are high.
    const highest = this.#range[1] as number;
    const bucket = rules.bucketOfTime(this.#buckets, highest, this.#total, percent, under.at);
    const at = this.#sorted(bucket);
    return rules.valueOfTime(at, sorted.length, under.numbers[0] as number, this.#total, percent);
  }

  /**
   * Between its neighbours, at rank p · (n - 1) of all points; 0 of none.
   * @param points that each sample stands for
   */
  interpolated(p: number, points: number): number {
    if (this.#length === 0) return 0;
    const rank = p * (this.#length * points - 1);
    const below = Math.floor(rank);
    const low = this.#ranked(Math.floor(below / points));
    const high = rank === below ? low : this.#ranked(Math.floor((below + 1) / points));
    return low + (high - low) * (rank - below);
  }

  /** Calls with each bucket that holds time, from the lowest, and the seconds in it. */
  eachBucket(call: (bucket: number, seconds: number) => void): void {
    if (this.#total === 0) return;
    const [lowest = 0, highest = 0] = this.#range;
    const halves = new Uint32Array(arena.buffer, this.#buckets, BUCKETS * 2);
    for (let bucket = lowest; bucket <= highest; bucket++) {
      const [low, high] = [halves[bucket * 2] as number, halves[bucket * 2 + 1] as number];
      const seconds = high * 2 ** (32 - TIME) + (low >>> TIME);
      if (seconds > 0) call(bucket, seconds);
    }
  }

  /** The highest sample of a bucket that counts; -1 where none does. */
  highestOf(bucket: number): number {
    const at = this.#sorted(bucket);
    const halves = new Uint32Array(arena.buffer, at, sorted.length * 2);
    for (let index = sorted.length - 1; index >= 0; index--)
      if (((halves[index * 2] as number) & 0xffff) !== 0) return rules.valueAt(at, index);
    return -1;
  }

  /** The sample of a rank, counted from 0. */
  #ranked(rank: number): number {
    const highest = this.#range[1] as number;
    const bucket = rules.bucketOfRank(this.#buckets, highest, this.#length, rank, under.at);
    const at = this.#sorted(bucket);
    return rules.valueAt(at, rank - (under.numbers[0] as number));
  }

  /** A bucket's samples in order, each with its seconds; good until others are asked for. */
  #sorted(bucket: number): number {
    const { cpu, seconds, gathered } = this.#placed as Placed;
    if (sorted.of === this.#buckets && sorted.bucket === bucket) return gathered;
    let length = 0;
    for (const [from, until, counted] of this.#ranges)
      length = rules.gather(cpu, seconds, counted, from, until, bucket, gathered, length);
    rules.sort(gathered, 0, length);
    Object.assign(sorted, { of: this.#buckets, bucket, length });
    return gathered;
  }
}
