/**
 * CPU samples of a stretch, sorted once and read often: by time, as our quantiles are, and by rank, as
 * KRR's. Radix sort, since comparing is what would take the time: half of it for a month of samples.
 */
const BITS = 11;
const SIZE = 1 << BITS;
const counts = [new Uint32Array(SIZE), new Uint32Array(SIZE), new Uint32Array(SIZE)] as const;

export class SortedCpu {
  #values = new Uint32Array(4096);
  #seconds = new Uint16Array(4096);
  #otherValues = new Uint32Array(4096);
  #otherSeconds = new Uint16Array(4096);
  #length = 0;
  #total = 0;
  #sorted = true;

  clear(): void {
    this.#length = 0;
    this.#total = 0;
    this.#sorted = true;
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
    this.#sorted = false;
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
    this.#sort();
    const [values, seconds] = [this.#values, this.#seconds];
    let under = this.#total;
    // From the top: the quantiles that are asked for are high.
    for (let index = this.#length - 1; index >= 0; index--) {
      under -= seconds[index] as number;
      if (under * 100 < percent * this.#total) return values[index] as number;
    }
    return values[0] as number;
  }

  /** Between its neighbours, at rank p · (n - 1) of all samples; 0 of none. */
  interpolated(p: number): number {
    if (this.#length === 0) return 0;
    this.#sort();
    const rank = p * (this.#length - 1);
    const below = Math.floor(rank);
    const low = this.#values[below] as number;
    const high = this.#values[Math.min(below + 1, this.#length - 1)] as number;
    return low + (high - low) * (rank - below);
  }

  #grow(length: number): void {
    const size = Math.ceil(length * 1.5);
    const [values, seconds] = [this.#values, this.#seconds];
    this.#values = new Uint32Array(size);
    this.#values.set(values.subarray(0, this.#length));
    this.#seconds = new Uint16Array(size);
    this.#seconds.set(seconds.subarray(0, this.#length));
    this.#otherValues = new Uint32Array(size);
    this.#otherSeconds = new Uint16Array(size);
  }

  #sort(): void {
    if (this.#sorted) return;
    this.#sorted = true;
    const length = this.#length;
    const [low, middle, high] = counts;
    low.fill(0);
    middle.fill(0);
    high.fill(0);
    const values = this.#values;
    for (let i = 0; i < length; i++) {
      const value = values[i] as number;
      low[value & (SIZE - 1)] = (low[value & (SIZE - 1)] as number) + 1;
      const second = (value >>> BITS) & (SIZE - 1);
      middle[second] = (middle[second] as number) + 1;
      const third = value >>> (2 * BITS);
      high[third] = (high[third] as number) + 1;
    }
    this.#pass(low, 0);
    this.#pass(middle, BITS);
    // Under four cores there is nothing in the highest bits.
    if (high[0] !== length) this.#pass(high, 2 * BITS);
  }

  #pass(count: Uint32Array, shift: number): void {
    let sum = 0;
    for (let digit = 0; digit < SIZE; digit++) {
      const here = count[digit] as number;
      count[digit] = sum;
      sum += here;
    }
    const [values, seconds] = [this.#values, this.#seconds];
    const [toValues, toSeconds] = [this.#otherValues, this.#otherSeconds];
    const length = this.#length;
    for (let i = 0; i < length; i++) {
      const value = values[i] as number;
      const digit = (value >>> shift) & (SIZE - 1);
      const place = count[digit] as number;
      count[digit] = place + 1;
      toValues[place] = value;
      toSeconds[place] = seconds[i] as number;
    }
    this.#values = toValues;
    this.#seconds = toSeconds;
    this.#otherValues = values;
    this.#otherSeconds = seconds;
  }
}
