/**
 * CPU samples of a stretch, of which single places in their order are asked for: by time, as our quantiles
 * are, and by rank, as KRR's. Counted into buckets once; of the one bucket in which an answer lies the
 * samples themselves are sorted, so that every answer is exact. Sorting all of them took a third of the time.
 */

/** Buckets are a 128th of a power of two wide: of a steady container's month each holds some dozens. */
const BITS = 7;
const EACH = 1 << BITS;
export const BUCKETS = (32 - BITS + 1) * EACH;

export function bucketOf(value: number): number {
  const shift = 31 - BITS - Math.clz32(value);
  return shift <= 0 ? value : (shift << BITS) + (value >>> shift);
}

/** The least value of a bucket. */
export function startOf(bucket: number): number {
  const shift = (bucket >>> BITS) - 1;
  return shift <= 0 ? bucket : ((bucket & (EACH - 1)) + EACH) * 2 ** shift;
}

/** More than the seconds of any sample: a value and its seconds fit one number. */
const PACK = 512;
let gathered = new Float64Array(256);

export class SortedCpu {
  #values = new Uint32Array(4096);
  #seconds = new Uint16Array(4096);
  #length = 0;
  #total = 0;
  #counts = new Uint32Array(BUCKETS);
  #times = new Float64Array(BUCKETS);
  #lowest = BUCKETS;
  #highest = -1;
  #counted = 0;

  clear(): void {
    if (this.#highest >= 0) {
      this.#counts.fill(0, this.#lowest, this.#highest + 1);
      this.#times.fill(0, this.#lowest, this.#highest + 1);
    }
    this.#lowest = BUCKETS;
    this.#highest = -1;
    this.#counted = 0;
    this.#length = 0;
    this.#total = 0;
  }

  /** Adds samples [from, until). @param counted 1 where a sample's time counts; without it all do */
  addRange(
    cpu: Uint32Array,
    seconds: Uint16Array,
    from: number,
    until: number,
    counted?: Uint8Array,
  ): void {
    const end = this.#length + until - from;
    if (end > this.#values.length) this.#grow(end);
    this.#values.set(cpu.subarray(from, until), this.#length);
    const times = this.#seconds;
    let at = this.#length;
    let total = 0;
    for (let i = from; i < until; i++) {
      const time = counted === undefined || counted[i] === 1 ? (seconds[i] as number) : 0;
      times[at++] = time;
      total += time;
    }
    this.#total += total;
    this.#length = end;
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
    this.#count();
    const least = percent * this.#total;
    let under = this.#total;
    // From the top: the quantiles that are asked for are high.
    let bucket = this.#highest;
    while ((under - (this.#times[bucket] as number)) * 100 >= least)
      under -= this.#times[bucket--] as number;
    const sorted = this.#gather(bucket);
    for (let index = sorted.length - 1; index > 0; index--) {
      under -= (sorted[index] as number) % PACK;
      if (under * 100 < least) return Math.floor((sorted[index] as number) / PACK);
    }
    return Math.floor((sorted[0] as number) / PACK);
  }

  /** Between its neighbours, at rank p · (n - 1) of all samples; 0 of none. */
  interpolated(p: number): number {
    if (this.#length === 0) return 0;
    this.#count();
    const rank = p * (this.#length - 1);
    const below = Math.floor(rank);
    const low = this.#ranked(below);
    const high = rank === below ? low : this.#ranked(below + 1);
    return low + (high - low) * (rank - below);
  }

  /** Calls with each bucket that holds time, from the lowest, and the seconds in it. */
  eachBucket(call: (bucket: number, seconds: number) => void): void {
    if (this.#total === 0) return;
    this.#count();
    for (let bucket = this.#lowest; bucket <= this.#highest; bucket++) {
      const seconds = this.#times[bucket] as number;
      if (seconds > 0) call(bucket, seconds);
    }
  }

  /** The highest sample of some buckets in a row that counts; -1 where none does. */
  highestOf(first: number, last: number): number {
    const [values, seconds] = [this.#values, this.#seconds];
    const [from, until] = [startOf(first), startOf(last + 1)];
    let most = -1;
    for (let i = 0; i < this.#length; i++) {
      const value = values[i] as number;
      if (value >= from && value < until && value > most && seconds[i] !== 0) most = value;
    }
    return most;
  }

  /** The sample of a rank, counted from 0. */
  #ranked(rank: number): number {
    let above = this.#length;
    let bucket = this.#highest;
    while (above - (this.#counts[bucket] as number) > rank)
      above -= this.#counts[bucket--] as number;
    const first = above - (this.#counts[bucket] as number);
    return Math.floor((this.#gather(bucket)[rank - first] as number) / PACK);
  }

  #grow(length: number): void {
    const size = Math.ceil(length * 1.5);
    const [values, seconds] = [this.#values, this.#seconds];
    this.#values = new Uint32Array(size);
    this.#values.set(values.subarray(0, this.#length));
    this.#seconds = new Uint16Array(size);
    this.#seconds.set(seconds.subarray(0, this.#length));
  }

  /** Counts what was added since. */
  #count(): void {
    const [values, seconds, counts, times] = [
      this.#values,
      this.#seconds,
      this.#counts,
      this.#times,
    ];
    const length = this.#length;
    let lowest = this.#lowest;
    let highest = this.#highest;
    for (let i = this.#counted; i < length; i++) {
      const bucket = bucketOf(values[i] as number);
      counts[bucket] = (counts[bucket] as number) + 1;
      times[bucket] = (times[bucket] as number) + (seconds[i] as number);
      if (bucket < lowest) lowest = bucket;
      if (bucket > highest) highest = bucket;
    }
    this.#lowest = lowest;
    this.#highest = highest;
    this.#counted = length;
  }

  /** A bucket's samples in order, each with its seconds; good until the next are asked for. */
  #gather(bucket: number): Float64Array {
    const [values, seconds] = [this.#values, this.#seconds];
    const count = this.#counts[bucket] as number;
    if (gathered.length < count) gathered = new Float64Array(count * 2);
    const into = gathered;
    const from = startOf(bucket);
    const until = startOf(bucket + 1);
    let length = 0;
    for (let i = 0; length < count; i++) {
      const value = values[i] as number;
      if (value >= from && value < until) into[length++] = value * PACK + (seconds[i] as number);
    }
    return into.subarray(0, count).sort();
  }
}
