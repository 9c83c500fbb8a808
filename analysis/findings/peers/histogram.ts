/**
 * The histograms of the Vertical Pod Autoscaler's recommender (vertical-pod-autoscaler/pkg/recommender/
 * util at 55c37cd): exponential or linear buckets, weights that decay by half in `halfLife`.
 */
export interface Buckets {
  count: number;
  /** Where bucket `index` begins. */
  start(index: number): number;
  /** The bucket of a value. */
  find(value: number): number;
}

/** Buckets of growing size: bucket n is `first · ratio^n` wide. */
export function exponentialBuckets(max: number, first: number, ratio: number): Buckets {
  const width = Math.log(ratio);
  const count = Math.ceil(Math.log((max * (ratio - 1)) / first + 1) / width) + 1;
  return {
    count,
    start: (index) => (index === 0 ? 0 : (first * (ratio ** index - 1)) / (ratio - 1)),
    find: (value) =>
      value < first
        ? 0
        : Math.min(Math.floor(Math.log((value * (ratio - 1)) / first + 1) / width), count - 1),
  };
}

/** Buckets of one size. */
export function linearBuckets(max: number, size: number): Buckets {
  const count = Math.ceil(max / size) + 1;
  return {
    count,
    start: (index) => index * size,
    find: (value) => Math.max(0, Math.min(Math.floor(value / size), count - 1)),
  };
}

/** Less weight than this is none. */
export const EPSILON = 1e-4;
const MAX_EXPONENT = 100;

/** Times are in seconds. A sample's weight counts 2^(time / halfLife): later is heavier. */
export class DecayingHistogram {
  readonly #buckets: Buckets;
  readonly #halfLife: number;
  readonly #weights: Float64Array;
  #total = 0;
  #first: number;
  #last = 0;
  #reference = Number.NEGATIVE_INFINITY;
  #lastTime = Number.NaN;
  #lastFactor = 0;

  constructor(buckets: Buckets, halfLife: number) {
    this.#buckets = buckets;
    this.#halfLife = halfLife;
    this.#weights = new Float64Array(buckets.count);
    this.#first = buckets.count - 1;
  }

  /** Forgets all, to be used again. */
  clear(): void {
    this.#weights.fill(0);
    this.#total = 0;
    this.#first = this.#buckets.count - 1;
    this.#last = 0;
    this.#reference = Number.NEGATIVE_INFINITY;
  }

  add(value: number, weight: number, time: number): void {
    this.addTo(this.#buckets.find(value), weight * this.factor(time));
  }

  /** What a sample's weight is multiplied by at a time. */
  factor(time: number): number {
    if (time > this.#reference + this.#halfLife * MAX_EXPONENT) this.#shift(time);
    if (time !== this.#lastTime) {
      this.#lastTime = time;
      this.#lastFactor = 2 ** ((time - this.#reference) / this.#halfLife);
    }
    return this.#lastFactor;
  }

  /** Adds weight that is decayed already to a bucket. */
  addTo(bucket: number, weight: number): void {
    const sum = (this.#weights[bucket] as number) + weight;
    this.#weights[bucket] = sum;
    this.#total += weight;
    if (sum < EPSILON) return;
    if (bucket < this.#first) this.#first = bucket;
    if (bucket > this.#last) this.#last = bucket;
  }

  /**
   * Adds weights that are decayed already by a loop of one's own.
   * @param add changes the weights, and gives their total and the first and the last bucket that has any
   */
  addAll(
    add: (
      weights: Float64Array,
      state: { total: number; first: number; last: number },
    ) => { total: number; first: number; last: number },
  ): void {
    const state = add(this.#weights, { total: this.#total, first: this.#first, last: this.#last });
    this.#total = state.total;
    this.#first = state.first;
    this.#last = state.last;
  }

  #shift(time: number): void {
    const reference = Math.round(time / this.#halfLife) * this.#halfLife;
    const halvings = (reference - this.#reference) / this.#halfLife;
    const factor = 2 ** -Math.round(halvings);
    this.#reference = reference;
    this.#lastTime = Number.NaN;
    if (this.#total === 0) return;
    for (let index = 0; index < this.#weights.length; index++)
      this.#weights[index] = (this.#weights[index] as number) * factor;
    this.#total *= factor;
    while (this.#first < this.#last && (this.#weights[this.#first] as number) < EPSILON)
      this.#first++;
    while (this.#last > this.#first && (this.#weights[this.#last] as number) < EPSILON)
      this.#last--;
  }

  get empty(): boolean {
    return (this.#weights[this.#first] as number) < EPSILON;
  }

  /** The end of the first bucket at which `p` of all weight is reached; 0 where nothing was added. */
  percentile(p: number): number {
    if (this.empty) return 0;
    const threshold = p * this.#total;
    let sum = 0;
    let bucket = this.#first;
    for (; bucket < this.#last; bucket++) {
      sum += this.#weights[bucket] as number;
      if (sum >= threshold) break;
    }
    return this.#buckets.start(bucket < this.#buckets.count - 1 ? bucket + 1 : bucket);
  }
}
