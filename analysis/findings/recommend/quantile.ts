/**
 * Quantiles of what pods used, weighted by the seconds they were observed: the smallest value so that
 * at least that part of all seconds is at or under it (nearest rank; nothing is interpolated, so the
 * answer is a value that was measured). Values are whole numbers up to 2^42.
 */

// A value and its seconds in one number: it sorts as the value, and 2^42 · 2^11 is still exact.
const SECONDS = 2048;

/** Values with their seconds, to be sorted once and asked often; used again for the next series. */
export class Weighted {
  #packed = new Float64Array(16_384);
  #length = 0;
  #seconds = 0;
  #sorted = true;

  clear(): void {
    this.#length = 0;
    this.#seconds = 0;
    this.#sorted = true;
  }
  /** @param seconds from 1 to 2047 */
  add(value: number, seconds: number): void {
    if (this.#length === this.#packed.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#packed);
      this.#packed = larger;
    }
    this.#packed[this.#length++] = value * SECONDS + seconds;
    this.#seconds += seconds;
    this.#sorted = false;
  }
  get seconds(): number {
    return this.#seconds;
  }
  /** @param percent whole, from 1 to 100; null where nothing was added */
  quantile(percent: number): number | null {
    if (this.#seconds === 0) return null;
    const sorted = this.#packed.subarray(0, this.#length);
    if (!this.#sorted) sorted.sort();
    this.#sorted = true;
    // From the top: the quantiles that are asked for are high.
    let under = this.#seconds;
    for (let index = this.#length - 1; index > 0; index--) {
      under -= (sorted[index] as number) % SECONDS;
      if (under * 100 < percent * this.#seconds)
        return Math.floor((sorted[index] as number) / SECONDS);
    }
    return Math.floor((sorted[0] as number) / SECONDS);
  }
}
