import { keptNumbers, rules } from "../placed.ts";
import { type FindingsSettings, type Tier, TIERS } from "../settings.ts";
import { balanceOf, cheapest, requestAt } from "./balance.ts";
import { type Burst, burstOf } from "./bursts.ts";
import type { Abstention, Reason, WorkloadClass } from "./codes.ts";
import { DAY_SLOTS, NO_SIZES, type Series, type Sizes, sizesAt } from "./series.ts";
import { isSeasonal, leaks, memoryVariation } from "./shape.ts";
import { summarise, type Summary } from "./summary.ts";

const MIB = 1_048_576;
const PPM = 1_000_000;
const LEAST_DAYS = 7;
const LEAST_COVERAGE = 900_000;
const LEAST_RUNS = 3;
const GONE_SLOTS = 2 * DAY_SLOTS;
const IDLE_DAYS = 14;
const IDLE_CPU = 5_000;
const IDLE_PERCENT = 3;
const FLAT_PPM = 50_000;
const OOM_PERCENT = 125;
const OOM_BYTES = 100 * MIB;
/** Part of a limit from which use that was measured is taken for what the limit cut off. */
const NEAR_LIMIT_PERCENT = 75;

/** What is known of a workload beside its samples. */
export interface WorkloadFacts {
  kind: string;
  tier: Tier;
  optedOut: boolean;
  /** True: ends before the pod's containers begin. */
  init: boolean;
  /** What scales the workload on a resource; `other` on something else; null: not known. */
  autoscaler: { cpu: "hpa" | "keda" | "no"; mem: "hpa" | "keda" | "no"; other: boolean } | null;
  /** Whether it runs on a heap that keeps what it took; null: not known. */
  managedHeap: boolean | null;
  rollout: boolean;
  /** Seconds its pods ran, as Kubernetes says, where their use could be measured. */
  expectedSeconds: number;
  /** Parts of a million of the time since it was first seen for which the cluster has any data. */
  clusterCoverage: number;
  /** Starts of a job's pods; 0 for what is no job. */
  runs: number;
}

/** What is recommended; CPU in microcores, memory in bytes, parts in ppm. */
export interface Recommendation {
  class: WorkloadClass;
  abstainedCpu: Abstention | null;
  abstainedMem: Abstention | null;
  reasons: Reason[];
  confidence: "high" | "medium" | "low" | null;
  cpu: number | null;
  mem: number | null;
  /** Memory's limit: its request, or more after a kill that use does not explain. */
  memLimit: number | null;
  sizes: Sizes;
  coverage: number;
  p95: number | null;
  p95Recent: number | null;
  p99: number | null;
  memFlat: boolean;
  cpuExceeded: number | null;
  memExceeded: number | null;
  cpuExceededNow: number | null;
  memExceededNow: number | null;
  cpuChange: number | null;
  memChange: number | null;
  changes: boolean;
  tooSmall: boolean;
  summary: Summary;
}

/** Kinds whose pods end: their first minutes are part of the work, and runs are counted. */
export const JOB_KINDS: ReadonlySet<string> = new Set(["CronJob", "Job", "GroupedJob"]);

/** Recommends requests for one container of one workload from a window of its use. */
export function recommend(
  series: Series,
  facts: WorkloadFacts,
  settings: Pick<FindingsSettings, "floors" | "leastChange">,
): Recommendation {
  const isJob = JOB_KINDS.has(facts.kind);
  const summary = summarise(series, !isJob);
  const sizes = newestSizes(series);
  const coverage = coverageOf(summary, facts);
  const cpu = cpuRequest(series, summary, facts.tier, settings.floors.cpu);
  const leak = leaks(series);
  const memory = memoryRequest(series, summary, facts.tier, settings.floors.memory, leak, sizes);
  const memFlat = memoryVariation(summary.hours) < FLAT_PPM;
  const common = commonAbstention(series, summary, facts, coverage, isJob);
  const abstainedCpu = common ?? scaledBy(facts.autoscaler?.cpu);
  const abstainedMem =
    common ??
    scaledBy(facts.autoscaler?.mem) ??
    (facts.managedHeap === true ? "managed-heap" : null);
  const answered = {
    cpu: abstainedCpu === null ? cpu.request : null,
    mem: abstainedMem === null ? memory.request : null,
    memLimit: abstainedMem === null ? memory.limit : null,
  };
  const kind = classOf(series, summary, facts, {
    leak,
    burst: cpu.burst,
    coverage,
    memFlat,
    request: sizes.cpuRequest,
    p99: cpu.p99,
    p95: cpu.p95,
    p95Recent: cpu.p95Recent,
    p50: cpu.p50,
  });
  const change = (request: number, recommended: number | null) =>
    recommended === null || request <= 0 ? null : Math.round((recommended / request - 1) * PPM);
  const cpuChange = change(sizes.cpuRequest, answered.cpu);
  const memChange = change(sizes.memRequest, answered.mem);
  const least = settings.leastChange;
  const missing =
    (answered.cpu !== null && sizes.cpuRequest <= 0) ||
    (answered.mem !== null && sizes.memRequest <= 0);
  const grows = (part: number | null) => part !== null && part >= least && part > 0;
  const killed =
    answered.memLimit !== null &&
    memory.killed > 0 &&
    sizes.memLimit > 0 &&
    sizes.memLimit < answered.memLimit;
  return {
    class: kind,
    abstainedCpu,
    abstainedMem,
    reasons: [
      ...(abstainedCpu === null ? cpu.reasons : []),
      ...(abstainedMem === null ? memory.reasons : []),
      ...notes(facts, sizes),
    ],
    confidence:
      answered.cpu === null && answered.mem === null
        ? null
        : confidenceOf(summary, facts, coverage, kind),
    ...answered,
    sizes,
    coverage,
    p95: cpu.p95,
    p95Recent: cpu.p95Recent,
    p99: cpu.p99,
    memFlat,
    ...exceeded(series, summary, answered),
    cpuChange,
    memChange,
    changes:
      missing ||
      killed ||
      [cpuChange, memChange].some((part) => part !== null && Math.abs(part) >= least && part !== 0),
    tooSmall: grows(cpuChange) || grows(memChange) || missing || killed,
    summary,
  };
}

/** Up to whole units. */
function upTo(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function withMargin(value: number, percent: number): number {
  return Math.ceil((value * percent) / 100);
}

interface CpuRequest {
  request: number;
  reasons: Reason[];
  burst: Burst | null;
  p50: number | null;
  p95: number | null;
  p95Recent: number | null;
  p99: number | null;
}

function cpuRequest(series: Series, summary: Summary, tier: Tier, floor: number): CpuRequest {
  const { recent, newest, earlier } = summary;
  const of = recent.seconds > 0 ? recent : earlier;
  const [p50, p95, p99] = [of.quantile(50), of.quantile(95), of.quantile(99)];
  const p95Recent = newest.quantile(95);
  const margin = TIERS[tier].cpu;
  const usual = withMargin(Math.max(p95 ?? 0, p95Recent ?? 0), margin);
  const worth = cpuAt(summary, tier)(1);
  const reasons: Reason[] = [
    recent.seconds === 0
      ? "worth-window"
      : (p95Recent ?? 0) > (p95 ?? 0)
        ? "worth-2d"
        : "worth-14d",
  ];
  if (summary.shortLived) reasons.push("short-lived");
  // Under the floor there is nothing to guard: twice next to nothing is next to nothing.
  const burst = burstOf(series, summary, Math.max(usual, floor));
  const covered = burst === null ? worth : Math.max(worth, withMargin(burst.cpu, margin));
  if (burst !== null) reasons.unshift(burst.kind);
  const request = upTo(covered, 1000);
  if (request < floor) reasons.unshift("floor-cpu");
  return { request: Math.max(request, floor), reasons, burst, p50, p95, p95Recent, p99 };
}

/**
 * The CPU request a tier's shortages are worth, without burst guard and floors, as a function of how much dearer
 * (or, under 1, cheaper) than the tier's they are; in microcores. Good until the next series is summarised.
 */
export function cpuAt(summary: Summary, tier: Tier): (dearer: number) => number {
  const { cpu: margin, shortage } = TIERS[tier];
  const balance = balanceOf(summary, margin);
  return (dearer) =>
    balance === null
      ? 0
      : requestAt(balance, cheapest(balance, shortage * dearer), summary, margin);
}

interface MemoryRequest {
  request: number;
  limit: number;
  /** The highest limit it was killed at; 0: never. */
  killed: number;
  reasons: Reason[];
}

/**
 * The highest use with the tier's margin. A kill at a limit that use came near to says that more was wanted than
 * could be measured: request and limit go above it. One far from the limit was for less than a scrape, or the
 * node's memory; what is reserved all day stays with what is used, and the limit alone goes up.
 */
function memoryRequest(
  series: Series,
  summary: Summary,
  tier: Tier,
  floor: number,
  leak: boolean,
  sizes: Sizes,
): MemoryRequest {
  let request = withMargin(summary.memMax, TIERS[tier].memory);
  const reasons: Reason[] = ["max-window"];
  const killed = limitAtKills(series);
  const least = Math.max(withMargin(killed, OOM_PERCENT), killed === 0 ? 0 : killed + OOM_BYTES);
  if (least > request) {
    const cut = summary.memMax * 100 >= killed * NEAR_LIMIT_PERCENT;
    if (cut) request = least;
    reasons.unshift(cut ? "oom" : "oom-limit");
  }
  if (leak) reasons.unshift("leak");
  if (leak && sizes.memRequest > request) request = sizes.memRequest;
  request = upTo(request, MIB);
  if (request < floor) reasons.unshift("floor-memory");
  request = Math.max(request, floor);
  return { request, limit: Math.max(request, upTo(least, MIB)), killed, reasons };
}

/** The highest limit at which a container was killed for memory; its use then where it had no limit. */
function limitAtKills(series: Series): number {
  let most = 0;
  for (const { sample, oom } of series.events) {
    if (oom === 0) continue;
    const { memLimit } = sizesAt(series, sample);
    most = Math.max(most, memLimit > 0 ? memLimit : (series.mem[sample] as number));
  }
  return most;
}

/** Requests and limits of the sample that is the newest of all pods'; of several, the larger. */
export function newestSizes(series: Series): Sizes {
  let newest = -1;
  let found = NO_SIZES;
  for (const { until } of series.pods) {
    const slot = series.slot[until - 1] as number;
    if (slot < newest) continue;
    const sizes = sizesAt(series, until - 1);
    if (slot > newest || sizes.cpuRequest + sizes.memRequest > found.cpuRequest + found.memRequest)
      found = sizes;
    newest = slot;
  }
  return found;
}

function coverageOf(summary: Summary, facts: WorkloadFacts): number {
  const measured =
    facts.expectedSeconds <= 0 ? 1 : Math.min(1, summary.seconds / facts.expectedSeconds);
  return Math.round(measured * facts.clusterCoverage);
}

function commonAbstention(
  series: Series,
  summary: Summary,
  facts: WorkloadFacts,
  coverage: number,
  isJob: boolean,
): Abstention | null {
  if (facts.optedOut) return "opted-out";
  if (facts.init) return "init-container";
  if (isJob && facts.runs < LEAST_RUNS) return "few-runs";
  if (!isJob && series.slots - 1 - summary.lastSlot >= GONE_SLOTS) return "gone";
  if (summary.lastSlot + 1 - summary.firstSlot < LEAST_DAYS * DAY_SLOTS && !isJob)
    return "too-young";
  if (coverage < LEAST_COVERAGE) return "low-coverage";
  if (facts.rollout) return "rollout";
  return null;
}

function scaledBy(by: "hpa" | "keda" | "no" | undefined): Abstention | null {
  return by === "hpa" || by === "keda" ? by : null;
}

function notes(facts: WorkloadFacts, sizes: Sizes): Reason[] {
  const found: Reason[] = [];
  if (sizes.cpuLimit > 0) found.push("cpu-limit");
  if (facts.autoscaler?.other === true) found.push("other-metric");
  if (facts.autoscaler === null) found.push("autoscaler-unknown");
  if (facts.managedHeap === null) found.push("runtime-unknown");
  if (
    sizes.cpuRequest > 0 &&
    sizes.cpuRequest === sizes.cpuLimit &&
    sizes.memRequest > 0 &&
    sizes.memRequest === sizes.memLimit
  )
    found.push("guaranteed");
  return found;
}

interface Judged {
  leak: boolean;
  burst: Burst | null;
  coverage: number;
  memFlat: boolean;
  request: number;
  p50: number | null;
  p95: number | null;
  p95Recent: number | null;
  p99: number | null;
}

function classOf(
  series: Series,
  summary: Summary,
  facts: WorkloadFacts,
  judged: Judged,
): WorkloadClass {
  if (JOB_KINDS.has(facts.kind)) return "cron";
  const days = (summary.lastSlot + 1 - summary.firstSlot) / DAY_SLOTS;
  const { p50, p95, p99 } = judged;
  if (
    days >= IDLE_DAYS &&
    judged.coverage >= LEAST_COVERAGE &&
    judged.memFlat &&
    (p99 ?? Infinity) < Math.max(IDLE_CPU, (Math.max(judged.request, 0) * IDLE_PERCENT) / 100)
  )
    return "idle";
  if (judged.leak) return "leak";
  if (judged.burst?.kind === "scheduled-burst") return "scheduled-burst";
  if (judged.burst?.kind === "month-turn" || isSeasonal(summary.hours, series.from))
    return "seasonal";
  // A new level of the last days is no burst.
  const high = Math.max(p95 ?? 0, judged.p95Recent ?? 0);
  const isBursty =
    p50 !== null &&
    p95 !== null &&
    p99 !== null &&
    (p99 * 2 > high * 3 || p95 > p50 * 3 || summary.cpuMax > high * 4) &&
    summary.cpuMax > 4 * IDLE_CPU;
  return isBursty ? "bursty" : "steady";
}

function confidenceOf(
  summary: Summary,
  facts: WorkloadFacts,
  coverage: number,
  kind: WorkloadClass,
): "high" | "medium" | "low" {
  const days = (summary.lastSlot + 1 - summary.firstSlot) / DAY_SLOTS;
  let steps = days >= 21 && coverage >= 980_000 ? 2 : days >= 14 && coverage >= 950_000 ? 1 : 0;
  if (facts.autoscaler === null) steps = Math.min(steps, 1);
  if (kind === "leak" || kind === "bursty") steps--;
  return steps >= 2 ? "high" : steps === 1 ? "medium" : "low";
}

type Exceeded = Pick<
  Recommendation,
  "cpuExceeded" | "memExceeded" | "cpuExceededNow" | "memExceededNow"
>;

const sums = keptNumbers(6);

/** Parts of pod-time above what is recommended, and above what each moment's request was. */
function exceeded(
  series: Series,
  summary: Summary,
  answered: { cpu: number | null; mem: number | null },
): Exceeded {
  const over = { cpu: 0, mem: 0, cpuNow: 0, memNow: 0 };
  const time = { cpu: 0, mem: 0, cpuNow: 0, memNow: 0 };
  const { placed } = summary;
  for (const [index, size] of series.sizes.entries()) {
    const cpuNow = size.cpuRequest > 0 ? size.cpuRequest : Infinity;
    const memNow = size.memRequest > 0 ? size.memRequest : Infinity;
    rules.exceeded(
      placed.seconds,
      placed.cpu,
      placed.mem,
      placed.settled,
      size.from,
      series.sizes[index + 1]?.from ?? placed.length,
      answered.cpu ?? Infinity,
      cpuNow,
      answered.mem ?? Infinity,
      memNow,
      sums.at,
    );
    const [all = 0, counted = 0, cpu = 0, cpuAsked = 0, mem = 0, memAsked = 0] = sums.numbers;
    over.cpu += cpu;
    over.cpuNow += cpuAsked;
    over.mem += mem;
    over.memNow += memAsked;
    time.mem += all;
    time.cpu += counted;
    if (memNow !== Infinity) time.memNow += all;
    if (cpuNow !== Infinity) time.cpuNow += counted;
  }
  const part = (above: number, of: number) => (of === 0 ? null : Math.round((above / of) * PPM));
  return {
    cpuExceeded: answered.cpu === null ? null : part(over.cpu, time.cpu),
    memExceeded: answered.mem === null ? null : part(over.mem, time.mem),
    cpuExceededNow: part(over.cpuNow, time.cpuNow),
    memExceededNow: part(over.memNow, time.memNow),
  };
}
