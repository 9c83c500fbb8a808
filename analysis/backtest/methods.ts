import { compare } from "../findings/recommend/compared.ts";
import { recommend, type WorkloadFacts } from "../findings/recommend/recommend.ts";
import { lengthOf, type Series, SLOT, sizesAt } from "../findings/recommend/series.ts";
import type { FindingsSettings } from "../findings/settings.ts";

/** The methods that are replayed against each other, and what each says of the same history. */
export const METHODS = ["apportion", "krr-simple", "krr-simple-limit", "vpa-target"] as const;
export type Method = (typeof METHODS)[number];

/** A request in microcores and one in bytes; null: no answer. */
export interface Answer {
  cpu: number | null;
  mem: number | null;
}

/** What every method says at the end of a series. */
export function answersOf(
  series: Series,
  facts: Omit<WorkloadFacts, "expectedSeconds" | "clusterCoverage">,
  containers: number,
  settings: Pick<FindingsSettings, "floors" | "leastChange">,
): Record<Method, Answer> {
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
  const { krr, krrLimit, vpa } = compare(
    series,
    { cpu: facts.autoscaler?.cpu === "hpa", memory: facts.autoscaler?.mem === "hpa" },
    containers,
  );
  return {
    apportion: { cpu: ours.cpu, mem: ours.mem },
    "krr-simple": { cpu: krr.cpu, mem: krr.memory },
    "krr-simple-limit": { cpu: krrLimit?.request ?? null, mem: krr.memory },
    "vpa-target": { cpu: vpa?.cpu.target ?? null, mem: vpa?.memory.target ?? null },
  };
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
  /** Bytes: the highest use, or the limit it was killed at, which was too little; and byte-seconds used. */
  memMax: number;
  memUsed: number;
}

export function weekOf(series: Series): Week {
  const length = lengthOf(series);
  const packed = new Float64Array(length);
  let memMax = 0;
  let memUsed = 0;
  for (let i = 0; i < length; i++) {
    const seconds = series.seconds[i] as number;
    packed[i] = (series.cpu[i] as number) * 512 + seconds;
    const bytes = series.mem[i] as number;
    if (bytes > memMax) memMax = bytes;
    memUsed += bytes * seconds;
  }
  for (const { sample, oom } of series.events) {
    if (oom === 0) continue;
    // What was killed at a limit would have used more than it: whoever asks for no more is short.
    const { memLimit } = sizesAt(series, sample);
    memMax = Math.max(memMax, memLimit + 1);
  }
  packed.sort();
  const week: Week = {
    seconds: 0,
    used: 0,
    cpu: new Float64Array(length),
    secondsTo: new Float64Array(length),
    usedTo: new Float64Array(length),
    memMax,
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
