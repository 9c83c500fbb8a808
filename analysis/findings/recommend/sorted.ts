import { arena, keptBytes, keptNumbers, type Placed, rules } from "../placed.ts";

/**
 * CPU samples of stretches of the placed series, of which single places in their order are asked for: by
 * time, as our quantiles are, and by rank, as KRR's. Counted into buckets once; of the one bucket in which
 * an answer lies the samples themselves are sorted, so that every answer is exact.
 */

/** As the loops' `bucketOf` makes them: of 32 bits, 128 each power of two. */
const BUCKETS = 26 * 128;
/** More than any bucket. */
const NONE = 0xffffffff;

const under = keptNumbers(1);
// Whose samples (by the address of its buckets), of which bucket, lie sorted in the room for them, and how many.
const sorted = { of: 0, bucket: NONE, length: 0 };

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

  /** Between its neighbours, at rank p · (n - 1) of all samples; 0 of none. */
  interpolated(p: number): number {
    if (this.#length === 0) return 0;
    const rank = p * (this.#length - 1);
    const below = Math.floor(rank);
    const low = this.#ranked(below);
    const high = rank === below ? low : this.#ranked(below + 1);
    return low + (high - low) * (rank - below);
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
