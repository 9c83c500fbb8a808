import { keptBytes, keptNumbers, type Placed, rules } from "../placed.ts";
import { firstFrom, type Series, SLOT } from "../recommend/series.ts";
import { DecayingHistogram, EPSILON, exponentialBuckets } from "./histogram.ts";

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

/** The least whole microcores of each bucket. */
const CPU_STARTS = keptNumbers(CPU.count + 1);
CPU_STARTS.numbers.set(
  Float64Array.from({ length: CPU.count + 1 }, (_, bucket) => {
    if (bucket === CPU.count) return Infinity;
    let start = Math.max(0, Math.ceil(CPU.start(bucket) * 1e6) - 2);
    while (CPU.find(start / 1e6) < bucket) start++;
    return start;
  }),
);
/** The bucket that each 1,024 microcores begin in; no two buckets begin in one step. */
const STEP = 10;
const CPU_STEPS = keptBytes(1 << 20);
const stepOf = (start: number) => Math.ceil(start / (1 << STEP));
for (const [bucket, start] of CPU_STARTS.numbers.entries())
  CPU_STEPS.fill(bucket, stepOf(start), stepOf(CPU_STARTS.numbers[bucket + 1] ?? start));

/** `CPU.find` without its logarithm, which was a third of all work, as the loop over samples does it. */
export function cpuBucket(microcores: number): number {
  const bucket = CPU_STEPS[microcores >>> STEP] ?? CPU.count - 1;
  return microcores >= (CPU_STARTS.numbers[bucket + 1] as number) ? bucket + 1 : bucket;
}

/** 2 to the days that a slot is after the first, for every slot a series can have. */
const SLOT_FACTORS = keptNumbers(65_536);
SLOT_FACTORS.numbers.forEach((_, slot, factors) => {
  factors[slot] = 2 ** (slot / (DAY / SLOT));
});

const WEIGHTS = keptNumbers(CPU.count);
const STATE = keptNumbers(3);

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

  /** Adds averages of five minutes of one pod, each as the samples of a minute it stands for. */
  cpuRange(placed: Placed, series: Series, from: number, until: number): void {
    if (from === until) return;
    // The window begins on a whole day, as slot 0 does.
    const begin = series.from;
    const start = begin + (series.slot[from] as number) * SLOT;
    const end = begin + (series.slot[until - 1] as number) * SLOT;
    // Every sample's power of two is the slot's, times one for them all: both are whole days apart.
    const factor = this.#cpu.factor(end) / 2 ** ((end - begin) / DAY);
    this.#cpu.addAll((weights, state) => {
      WEIGHTS.numbers.set(weights);
      STATE.numbers.set([state.total, state.first, state.last]);
      this.#samples += rules.vpaCpu(
        placed.cpu,
        placed.slot,
        placed.seconds,
        from,
        until,
        CPU_STEPS.byteOffset,
        CPU_STEPS.length,
        CPU.count,
        CPU_STARTS.at,
        SLOT_FACTORS.at,
        factor,
        WEIGHT,
        EPSILON,
        WEIGHTS.at,
        STATE.at,
      );
      weights.set(WEIGHTS.numbers);
      const [total = 0, first = 0, last = 0] = STATE.numbers;
      return { total, first, last };
    });
    const last = Math.max(1, Math.round((series.seconds[until - 1] as number) / 60));
    this.#first = Math.min(this.#first, start);
    this.#last = Math.max(this.#last, end + (last - 1) * 60);
  }

  /** Adds the highest of each five minutes of one container, in time order. */
  memoryRange(placed: Placed, series: Series, from: number, until: number): void {
    for (let i = from; i < until;) {
      this.#window(series.from + (series.slot[i] as number) * SLOT);
      const over = Math.ceil((this.#windowEnd - series.from) / SLOT);
      const next = firstFrom(series.slot, i, until, over);
      this.#peak = Math.max(this.#peak, rules.most(placed.mem, i, next));
      i = next;
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
