import { KRR_DAYS, type KrrAnswer, krrSimple, krrSimpleLimit } from "../peers/krr.ts";
import { Vpa, type VpaAnswer } from "../peers/vpa.ts";
import { Weighted } from "./quantile.ts";
import { DAY_SLOTS, type Series, type Sizes, SLOT } from "./series.ts";

/** What the peers would say of the same samples, and the pod that stands out. */
export interface Compared {
  krr: KrrAnswer;
  krrLimit: { request: number; limit: number } | null;
  vpa: VpaAnswer | null;
  worstPod: { pod: string; p95: number } | null;
}

const LEAST_POD_SECONDS = 3600;

const vpa = new Vpa();
const one = new Weighted();
// Scratch that grows to the largest pod, and to the largest workload.
let ofPod = new Float64Array(DAY_SLOTS * KRR_DAYS);
let ofAll = new Float64Array(DAY_SLOTS * KRR_DAYS);

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
  const from = series.slots - KRR_DAYS * DAY_SLOTS;
  const pods: { cpu: Float64Array; memory: number; seconds: number }[] = [];
  let worstPod: Compared["worstPod"] = null;
  let all = 0;
  vpa.clear();
  let size = 0;
  let event = 0;
  let held: Sizes | undefined;
  for (const span of series.pods) {
    let count = 0;
    let memory = 0;
    let seconds = 0;
    one.clear();
    vpa.begin();
    if (span.until - span.from > ofPod.length) ofPod = new Float64Array(span.until - span.from);
    for (let i = span.from; i < span.until; i++) {
      const slot = series.slot[i] as number;
      const cpu = series.cpu[i] as number;
      const bytes = series.mem[i] as number;
      const observed = series.seconds[i] as number;
      const time = series.from + slot * SLOT;
      vpa.cpu(cpu, time, Math.max(1, Math.round(observed / 60)));
      vpa.memory(bytes, time);
      while ((series.sizes[size]?.from ?? Infinity) <= i) held = series.sizes[size++];
      while ((series.events[event]?.sample ?? Infinity) < i) event++;
      const now = series.events[event];
      if (now?.sample === i && now.oom > 0) vpa.oom(Math.max(held?.memRequest ?? 0, 0), time);
      if (slot < from) continue;
      ofPod[count++] = cpu;
      one.add(cpu, Math.max(1, observed));
      seconds += observed;
      if (bytes > memory) memory = bytes;
    }
    if (count === 0) continue;
    const sorted = ofPod.slice(0, count).sort();
    pods.push({ cpu: sorted, memory, seconds });
    all += count;
    if (seconds >= LEAST_POD_SECONDS) {
      const p95 = one.quantile(95) ?? 0;
      if (worstPod === null || p95 > worstPod.p95) worstPod = { pod: span.pod, p95 };
    }
  }
  const krr = krrSimple(pods, hpa);
  return {
    krr,
    krrLimit: krrSimpleLimit(pooled(pods, all), krr.cpu !== null),
    vpa: vpa.answer(containers),
    worstPod,
  };
}

function pooled(pods: readonly { cpu: Float64Array }[], count: number): Float64Array {
  const [first] = pods;
  if (pods.length === 1 && first !== undefined) return first.cpu;
  if (count > ofAll.length) ofAll = new Float64Array(count);
  let at = 0;
  for (const { cpu } of pods) {
    ofAll.set(cpu, at);
    at += cpu.length;
  }
  return ofAll.subarray(0, count).sort();
}
