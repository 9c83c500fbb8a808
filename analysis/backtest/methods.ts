import { compare, seesHpa } from "../findings/recommend/compared.ts";
import {
  cpuAt,
  newestSizes,
  recommend,
  type WorkloadFacts,
} from "../findings/recommend/recommend.ts";
import { lengthOf, type Series, SLOT, sizesAt } from "../findings/recommend/series.ts";
import type { FindingsSettings } from "../findings/settings.ts";

/** The methods that are replayed against each other, and what each says of the same history. */
export const METHODS = ["apportion", "krr-simple", "krr-simple-limit", "vpa-target"] as const;
export type Method = (typeof METHODS)[number];

/** A request in microcores and one in bytes; null: no answer. */
export interface Answer {
  cpu: number | null;
  mem: number | null;
  /** Bytes; Infinity: none. */
  memLimit: number;
}

/** What every method says, and what ours would say were a shortage so much dearer than it is to the tier. */
export interface Answers {
  said: Record<Method, Answer>;
  /** Microcores, without the burst guard: what is spent on a guard is spent whatever a shortage costs. */
  oursAt: (dearer: number) => number;
}

/** What every method says at the end of a series; `oursAt` is good until it is asked of another. */
export function answersOf(
  series: Series,
  facts: Omit<WorkloadFacts, "expectedSeconds" | "clusterCoverage">,
  containers: number,
  settings: Pick<FindingsSettings, "floors" | "leastChange">,
): Answers {
  const ours = recommend(
    series,
    {
      ...facts,
      runs: facts.runs === 0 ? 0 : series.pods.length,
      expectedSeconds: spanned(series),
      clusterCoverage: 1_000_000,
    },
    settings,
  );
  const { krr, krrLimit, vpa } = compare(series, seesHpa(facts.autoscaler), containers);
  const at = cpuAt(ours.summary, facts.tier);
  const asked = (microcores: number) => Math.max(settings.floors.cpu, upToMillicores(microcores));
  // KRR's limit is its request; VPA keeps what limit and request were to each other.
  const { memRequest, memLimit } = newestSizes(series);
  const times = memLimit <= 0 ? Infinity : memRequest <= 0 ? 1 : memLimit / memRequest;
  const krrMem = { mem: krr.memory, memLimit: krr.memory ?? 0 };
  const vpaMem = vpa?.memory.target ?? null;
  return {
    said: {
      apportion: { cpu: ours.cpu, mem: ours.mem, memLimit: ours.memLimit ?? 0 },
      "krr-simple": { cpu: krr.cpu, ...krrMem },
      "krr-simple-limit": { cpu: krrLimit?.request ?? null, ...krrMem },
      "vpa-target": {
        cpu: vpa?.cpu.target ?? null,
        mem: vpaMem,
        memLimit: (vpaMem ?? 0) * times,
      },
    },
    oursAt: (dearer) => asked(at(dearer)),
  };
}

function upToMillicores(microcores: number): number {
  return Math.ceil(microcores / 1000) * 1000;
}

/** Seconds between each pod's first and last sample: what would have been measured without gaps. */
function spanned(series: Series): number {
  return series.pods.reduce(
    (sum, { from, until }) =>
      sum +
      ((series.slot[until - 1] as number) - (series.slot[from] as number)) * SLOT +
      (series.seconds[until - 1] as number),
    0,
  );
}

/** What a week used: CPU sorted with running sums, so that any request is scored by one search. */
export interface Week {
  /** Pod-seconds, and microcore-seconds used. */
  seconds: number;
  used: number;
  /** Microcores, ascending, with the seconds and microcore-seconds of all up to each. */
  cpu: Float64Array;
  secondsTo: Float64Array;
  usedTo: Float64Array;
  /** Bytes: the highest use, the highest limit it was killed at (0: never), and byte-seconds used. */
  memMax: number;
  killedAt: number;
  memUsed: number;
}

export function weekOf(series: Series): Week {
  const length = lengthOf(series);
  const packed = new Float64Array(length);
  let memMax = 0;
  let memUsed = 0;
  let killedAt = 0;
  for (let i = 0; i < length; i++) {
    const seconds = series.seconds[i] as number;
    packed[i] = (series.cpu[i] as number) * 512 + seconds;
    const bytes = series.mem[i] as number;
    if (bytes > memMax) memMax = bytes;
    memUsed += bytes * seconds;
  }
  for (const { sample, oom } of series.events) {
    if (oom === 0) continue;
    killedAt = Math.max(killedAt, sizesAt(series, sample).memLimit);
  }
  packed.sort();
  const week: Week = {
    seconds: 0,
    used: 0,
    cpu: new Float64Array(length),
    secondsTo: new Float64Array(length),
    usedTo: new Float64Array(length),
    memMax,
    killedAt,
    memUsed,
  };
  for (let i = 0; i < length; i++) {
    const seconds = (packed[i] as number) % 512;
    const cpu = Math.floor((packed[i] as number) / 512);
    week.seconds += seconds;
    week.used += cpu * seconds;
    week.cpu[i] = cpu;
    week.secondsTo[i] = week.seconds;
    week.usedTo[i] = week.used;
  }
  return week;
}

/** Pod-seconds above a request, and microcore-seconds that were used above it. */
export function above(week: Week, request: number): { seconds: number; unmet: number } {
  let low = 0;
  let high = week.cpu.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((week.cpu[middle] as number) > request) high = middle;
    else low = middle + 1;
  }
  const secondsTo = low === 0 ? 0 : (week.secondsTo[low - 1] as number);
  const usedTo = low === 0 ? 0 : (week.usedTo[low - 1] as number);
  const seconds = week.seconds - secondsTo;
  return { seconds, unmet: week.used - usedTo - request * seconds };
}
