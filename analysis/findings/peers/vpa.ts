import { DecayingHistogram, exponentialBuckets } from "./histogram.ts";

/**
 * What the Vertical Pod Autoscaler's recommender would say (vertical-pod-autoscaler/pkg/recommender at
 * 55c37cd, defaults): percentiles 90, 50 and 95 of histograms whose weights halve every day, 15 % on
 * top, widened by confidence, at least 25 millicores and 250 MiB a pod. Memory counts by the highest of
 * each 24 hours of a container. All pods of a workload fill the same histograms.
 */
const DAY = 86_400;
const CPU = exponentialBuckets(1000, 0.01, 1.05);
const MEMORY = exponentialBuckets(1e12, 1e7, 1.05);
const WEIGHT = 0.1;
const MARGIN = 0.15;
const SAMPLES_A_DAY = 1440;
const FLOOR = { cpu: 25, memory: 250 * 1_048_576 };
const OOM_RATIO = 1.2;
const OOM_BYTES = 100 * 1_048_576;

/** Microcores (whole millicores) and bytes. */
export interface VpaAnswer {
  cpu: { target: number; lower: number; upper: number };
  memory: { target: number; lower: number; upper: number };
}

/** Fills the histograms of one container of a workload, pod after pod; used again after `clear`. */
export class Vpa {
  readonly #cpu = new DecayingHistogram(CPU, DAY);
  readonly #memory = new DecayingHistogram(MEMORY, DAY);
  #samples = 0;
  #first = Infinity;
  #last = -Infinity;
  #windowEnd = 0;
  #peak = 0;
  #anyMemory = false;
  // The same values come again and again; a logarithm each would be half the work.
  readonly #buckets = new Map<number, number>();

  clear(): void {
    this.#cpu.clear();
    this.#memory.clear();
    this.#samples = 0;
    this.#first = Infinity;
    this.#last = -Infinity;
    this.#anyMemory = false;
    this.#peak = 0;
  }

  /**
   * Adds samples of CPU, a minute apart, that used the same.
   * @param microcores what each used
   * @param time epoch seconds of the first
   */
  cpu(microcores: number, time: number, count: number): void {
    let bucket = this.#buckets.get(microcores);
    if (bucket === undefined) {
      if (this.#buckets.size > 65_536) this.#buckets.clear();
      bucket = CPU.find(microcores / 1e6);
      this.#buckets.set(microcores, bucket);
    }
    this.#cpu.addTo(bucket, WEIGHT * count * this.#cpu.factor(time));
    this.#samples += count;
    if (time < this.#first) this.#first = time;
    const last = time + (count - 1) * 60;
    if (last > this.#last) this.#last = last;
  }

  /** Begins a container: its memory is looked at in windows of 24 hours from its first sample. */
  begin(): void {
    this.#keep();
    this.#anyMemory = false;
  }

  memory(bytes: number, time: number): void {
    this.#window(time);
    if (bytes > this.#peak) this.#peak = bytes;
  }

  /** A kill for memory, with the request of then (0: none). */
  oom(request: number, time: number): void {
    if (this.#anyMemory && time < this.#windowEnd - DAY) return;
    this.#window(time);
    const used = Math.max(request, this.#peak);
    const needed = Math.trunc(Math.max(used + OOM_BYTES, used * OOM_RATIO));
    if (needed > this.#peak) this.#peak = needed;
  }

  #window(time: number): void {
    if (!this.#anyMemory) {
      this.#anyMemory = true;
      this.#windowEnd = time + DAY;
      this.#peak = 0;
      return;
    }
    if (time < this.#windowEnd) return;
    this.#keep();
    this.#windowEnd += (Math.floor((time - this.#windowEnd) / DAY) + 1) * DAY;
    this.#peak = 0;
  }

  /** A window's highest counts once, at the window's end. */
  #keep(): void {
    if (this.#anyMemory && this.#peak > 0) this.#memory.add(this.#peak, WEIGHT, this.#windowEnd);
    this.#peak = 0;
  }

  /** What it says now, for a pod of so many containers; null before the first sample. */
  answer(containers: number): VpaAnswer | null {
    this.begin();
    if (this.#samples === 0) return null;
    const confidence = Math.min((this.#last - this.#first) / DAY, this.#samples / SAMPLES_A_DAY);
    const upper = confidenceFactor(confidence, 1, 1);
    const lower = confidenceFactor(confidence, 0.001, -2);
    const of = (histogram: DecayingHistogram, unit: number, floor: number) => {
      const at = (p: number, factor: number) =>
        Math.max(
          scaled(withMargin(Math.trunc(histogram.percentile(p) * unit)), factor),
          scaled(floor, 1 / containers),
        );
      return { target: at(0.9, 1), lower: at(0.5, lower), upper: at(0.95, upper) };
    };
    const { target, lower: low, upper: high } = of(this.#cpu, 1000, FLOOR.cpu);
    return {
      cpu: { target: target * 1000, lower: low * 1000, upper: high * 1000 },
      memory: of(this.#memory, 1, FLOOR.memory),
    };
  }
}

/** (1 + multiplier / confidence) ^ exponent; without confidence nothing is known, and bounds are open. */
export function confidenceFactor(confidence: number, multiplier: number, exponent: number): number {
  if (confidence <= 0) return exponent > 0 ? 1e14 : 0;
  return (1 + multiplier / confidence) ** exponent;
}

function withMargin(amount: number): number {
  return amount + scaled(amount, MARGIN);
}

function scaled(amount: number, factor: number): number {
  return Math.trunc(amount * factor);
}
