import {
  KRR_DAYS,
  type KrrAnswer,
  type KrrPod,
  krrSimple,
  krrSimpleLimit,
  POINTS_OF_SAMPLE,
} from "../peers/krr.ts";
import { Vpa, type VpaAnswer } from "../peers/vpa.ts";
import { place, rules } from "../placed.ts";
import type { WorkloadFacts } from "./recommend.ts";
import { DAY_SLOTS, firstFrom, type Series, SLOT, sizesAt } from "./series.ts";
import { SortedCpu } from "./sorted.ts";

/** What the peers would say of the same samples, and the pod that stands out. */
export interface Compared {
  krr: KrrAnswer;
  krrLimit: { request: number; limit: number } | null;
  vpa: VpaAnswer | null;
  worstPod: { pod: string; p95: number } | null;
}

const LEAST_POD_SECONDS = 3600;

/** Resources of which KRR sees an HPA: KEDA's object is one as well. */
export function seesHpa(scaled: WorkloadFacts["autoscaler"]): { cpu: boolean; memory: boolean } {
  const is = (by: "hpa" | "keda" | "no" | undefined) => by === "hpa" || by === "keda";
  return { cpu: is(scaled?.cpu), memory: is(scaled?.mem) };
}

const vpa = new Vpa();
const one = new SortedCpu();
const all = new SortedCpu();

/**
 * KRR's and VPA's answers at the end of a series' window. A five-minute average stands for what they
 * would have sampled: points of 75 seconds, samples of a minute.
 * @param containers of the pod; VPA divides its floor by them
 */
export function compare(
  series: Series,
  hpa: { cpu: boolean; memory: boolean },
  containers: number,
): Compared {
  const { slot } = series;
  const placed = place(series);
  const pods: KrrPod[] = [];
  let worstPod: Compared["worstPod"] = null;
  all.begin(placed);
  toVpa(series);
  for (const { pod, from, until } of series.pods) {
    const begin = firstFrom(slot, from, until, series.slots - KRR_DAYS * DAY_SLOTS);
    if (begin === until) continue;
    one.begin(placed);
    one.add(begin, until, false);
    if (series.pods.length > 1) all.add(begin, until, false);
    const memory = rules.most(placed.mem, begin, until);
    pods.push({ p95: one.interpolated(0.95, POINTS_OF_SAMPLE), memory, seconds: one.seconds });
    if (one.seconds < LEAST_POD_SECONDS) continue;
    const p95 = one.quantile(95) ?? 0;
    if (worstPod === null || p95 > worstPod.p95) worstPod = { pod, p95 };
  }
  const krr = krrSimple(pods, hpa);
  const pooled = series.pods.length > 1 ? all : one;
  return {
    krr,
    krrLimit: krrSimpleLimit((p) => pooled.interpolated(p, POINTS_OF_SAMPLE), krr.cpu !== null),
    vpa: vpa.answer(containers),
    worstPod,
  };
}

/** Fills VPA's histograms, pod after pod. */
function toVpa(series: Series): void {
  const { slot } = series;
  const placed = place(series);
  vpa.clear();
  let event = 0;
  for (const { from, until } of series.pods) {
    vpa.begin();
    vpa.cpuRange(placed, series, from, until);
    let at = from;
    for (; (series.events[event]?.sample ?? Infinity) < until; event++) {
      const { sample, oom } = series.events[event] as Series["events"][number];
      if (oom === 0) continue;
      vpa.memoryRange(placed, series, at, sample + 1);
      at = sample + 1;
      const request = Math.max(sizesAt(series, sample).memRequest, 0);
      vpa.oom(request, series.from + (slot[sample] as number) * SLOT);
    }
    vpa.memoryRange(placed, series, at, until);
  }
}
