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

/** The least whole microcores of each bucket, and the bucket that each 1,024 microcores begin in. */
const CPU_STARTS = Float64Array.from({ length: CPU.count + 1 }, (_, bucket) => {
  if (bucket === CPU.count) return Infinity;
  let start = Math.max(0, Math.ceil(CPU.start(bucket) * 1e6) - 2);
  while (CPU.find(start / 1e6) < bucket) start++;
  return start;
});
const STEP = 10;
const CPU_BUCKETS = Uint8Array.from({ length: 1 << 20 }, (_, step) =>
  CPU.find((step << STEP) / 1e6),
);

/** `CPU.find` without its logarithm, which was a third of all work: no two buckets begin in one step. */
export function cpuBucket(microcores: number): number {
  const bucket = CPU_BUCKETS[microcores >>> STEP] ?? CPU.count - 1;
  return microcores >= (CPU_STARTS[bucket + 1] as number) ? bucket + 1 : bucket;
}

const SLOT = 300;
let slotFactors = new Float64Array(0);

/** 2 to the days that a slot is after the first. */
function slotFactor(slot: number): number {
  if (slot >= slotFactors.length)
    slotFactors = Float64Array.from({ length: slot + 8_192 }, (_, at) => 2 ** (at / (DAY / SLOT)));
  return slotFactors[slot] as number;
}

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
    this.#cpu.addTo(cpuBucket(microcores), WEIGHT * count * this.#cpu.factor(time));
    this.#samples += count;
    if (time < this.#first) this.#first = time;
    const last = time + (count - 1) * 60;
    if (last > this.#last) this.#last = last;
  }

  /**
   * Adds averages of five minutes, each as the samples of a minute it stands for.
   * @param begin epoch seconds of slot 0, a whole day
   */
  cpuRange(
    cpu: Uint32Array,
    slot: Uint16Array,
    seconds: Uint16Array,
    from: number,
    until: number,
    begin: number,
  ): void {
    if (from === until) return;
    const start = begin + (slot[from] as number) * SLOT;
    const end = begin + (slot[until - 1] as number) * SLOT;
    // Every sample's power of two is the slot's, times one for them all: both are whole days apart.
    const factor = this.#cpu.factor(end) / 2 ** ((end - begin) / DAY);
    let samples = 0;
    for (let i = from; i < until; i++) {
      const observed = seconds[i] as number;
      const count = observed === SLOT ? 5 : Math.max(1, Math.round(observed / 60));
      samples += count;
      this.#cpu.addTo(
        cpuBucket(cpu[i] as number),
        WEIGHT * count * factor * slotFactor(slot[i] as number),
      );
    }
    this.#samples += samples;
    const last = Math.max(1, Math.round((seconds[until - 1] as number) / 60));
    this.#first = Math.min(this.#first, start);
    this.#last = Math.max(this.#last, end + (last - 1) * 60);
  }

  /** Adds the highest of each five minutes of one container, in time order. */
  memoryRange(
    bytes: Float64Array,
    slot: Uint16Array,
    from: number,
    until: number,
    begin: number,
  ): void {
    for (let i = from; i < until; i++) {
      const time = begin + (slot[i] as number) * SLOT;
      if (!this.#anyMemory || time >= this.#windowEnd) this.#window(time);
      if ((bytes[i] as number) > this.#peak) this.#peak = bytes[i] as number;
    }
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
