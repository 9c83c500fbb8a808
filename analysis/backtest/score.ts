import { above, type Answer, type Method, METHODS, type Week } from "./methods.ts";

/** What requests would have come to, workload by workload; sums only, so that they can be added up. */

/** By how much a peer's answer is multiplied, for its frontier; 1 is the method itself. */
export const FACTORS: readonly number[] = [
  ...Array.from({ length: 51 }, (_, index) => (50 + index * 5) / 100),
  3.5,
  4,
  5,
  6,
];
export const ITSELF = FACTORS.indexOf(1);
/** How much dearer a shortage of CPU is than it is to the tier, for our own frontier; at `ITSELF` what we say. */
export const DEARER: readonly number[] = FACTORS.map((_, index) =>
  index === ITSELF ? 1 : 0.02 * 1000 ** (index / (FACTORS.length - 1)),
);
/** Part of a week's time over the request from which the week counts as violated. */
const VIOLATED = 0.05;

/** Sums over weeks for each factor; CPU in microcore-seconds, memory in byte-seconds. */
export interface Sums {
  cpuAsked: Float64Array;
  cpuOverSeconds: Float64Array;
  cpuOverWeeks: Float64Array;
  cpuUnmet: Float64Array;
  memAsked: Float64Array;
  memOverWeeks: Float64Array;
}
const KEYS = [
  "cpuAsked",
  "cpuOverSeconds",
  "cpuOverWeeks",
  "cpuUnmet",
  "memAsked",
  "memOverWeeks",
] as const satisfies readonly (keyof Sums)[];

/** What the weeks themselves were, of those in which every method answered. */
export interface Base {
  cpuWeeks: number;
  cpuSeconds: number;
  cpuUsed: number;
  memWeeks: number;
  memUsed: number;
}

/** One workload's container over all its weeks. */
export interface Scored {
  methods: Record<Method, Sums>;
  base: Base;
}

export const noBase = (): Base => ({
  cpuWeeks: 0,
  cpuSeconds: 0,
  cpuUsed: 0,
  memWeeks: 0,
  memUsed: 0,
});

export function noScore(): Scored {
  const sums = (): Sums =>
    Object.fromEntries(
      KEYS.map((key) => [key, new Float64Array(FACTORS.length)]),
    ) as unknown as Sums;
  return {
    methods: Object.fromEntries(METHODS.map((method) => [method, sums()])) as Record<Method, Sums>,
    base: noBase(),
  };
}

/**
 * Scores a week in which every method said what CPU to ask for.
 * @param oursAt what we would have asked for were a shortage so much dearer
 */
export function scoreCpu(
  into: Scored,
  week: Week,
  answers: Record<Method, number>,
  oursAt: (dearer: number) => number,
): void {
  into.base.cpuWeeks++;
  into.base.cpuSeconds += week.seconds;
  into.base.cpuUsed += week.used;
  for (const method of METHODS) {
    const sums = into.methods[method];
    for (const [index, factor] of FACTORS.entries()) {
      const request =
        method === "apportion" && index !== ITSELF
          ? oursAt(DEARER[index] as number)
          : answers[method] * factor;
      const over = above(week, request);
      add(sums.cpuAsked, index, request * week.seconds);
      add(sums.cpuOverSeconds, index, over.seconds);
      add(sums.cpuUnmet, index, over.unmet);
      if (over.seconds > VIOLATED * week.seconds) add(sums.cpuOverWeeks, index, 1);
    }
  }
}

/**
 * Scores a week in which every method said what memory to ask for. It is over where use was above the request,
 * or where it was killed at a limit that the method's own is no higher than. A peer's limit goes with its
 * request; ours after a kill does not.
 */
export function scoreMemory(
  into: Scored,
  week: Week,
  answers: Record<Method, number>,
  said: Record<Method, Answer>,
): void {
  into.base.memWeeks++;
  into.base.memUsed += week.memUsed;
  for (const method of METHODS) {
    const sums = into.methods[method];
    for (const [index, factor] of FACTORS.entries()) {
      const request = answers[method] * factor;
      const { memLimit } = said[method];
      const limit = method === "apportion" ? Math.max(memLimit, request) : memLimit * factor;
      add(sums.memAsked, index, request * week.seconds);
      if (week.memMax > request || (week.killedAt > 0 && limit <= week.killedAt))
        add(sums.memOverWeeks, index, 1);
    }
  }
}

function add(list: Float64Array, index: number, value: number): void {
  list[index] = (list[index] as number) + value;
}

/** Adds one workload's sums to another's, so many times. */
export function addScore(into: Scored, one: Scored, times = 1): void {
  for (const key of Object.keys(into.base) as (keyof Base)[])
    into.base[key] += one.base[key] * times;
  for (const method of METHODS)
    for (const key of KEYS) {
      const [sums, more] = [into.methods[method][key], one.methods[method][key]];
      for (let index = 0; index < sums.length; index++)
        add(sums, index, (more[index] as number) * times);
    }
}

/** Parts of the whole, from 0 to 1; unmet is of what was used. */
export interface CpuPoint {
  /** What the answer was multiplied by; of ours, how much dearer a shortage was. 1: the method itself. */
  factor: number;
  slack: number;
  samplesOver: number;
  weeksOver: number;
  unmet: number;
}
export interface MemoryPoint {
  factor: number;
  slack: number;
  weeksOver: number;
}

const part = (some: number, of: number) => (of === 0 ? 0 : some / of);

export function cpuFrontier({ methods, base }: Scored, method: Method): CpuPoint[] {
  const sums = methods[method];
  return (method === "apportion" ? DEARER : FACTORS).map((factor, index) => {
    const asked = sums.cpuAsked[index] as number;
    return {
      factor,
      slack: part(asked - base.cpuUsed, asked),
      samplesOver: part(sums.cpuOverSeconds[index] as number, base.cpuSeconds),
      weeksOver: part(sums.cpuOverWeeks[index] as number, base.cpuWeeks),
      unmet: part(sums.cpuUnmet[index] as number, base.cpuUsed),
    };
  });
}

export function memoryFrontier({ methods, base }: Scored, method: Method): MemoryPoint[] {
  const sums = methods[method];
  return FACTORS.map((factor, index) => {
    const asked = sums.memAsked[index] as number;
    return {
      factor,
      slack: part(asked - base.memUsed, asked),
      weeksOver: part(sums.memOverWeeks[index] as number, base.memWeeks),
    };
  });
}

/** What a method's frontier is read from: ours without what we say, which the burst guard may have put off it. */
export function swept<P>(method: Method, points: readonly P[]): readonly P[] {
  return method === "apportion" ? points.filter((_, index) => index !== ITSELF) : points;
}

/** A frontier's figure where its slack is so much, between its two nearest points; null outside of it. */
export function atSlack<P extends { slack: number }>(
  frontier: readonly P[],
  slack: number,
  of: (point: P) => number,
): number | null {
  for (let index = 1; index < frontier.length; index++) {
    const [low, high] = [frontier[index - 1] as P, frontier[index] as P];
    if (slack < low.slack || slack > high.slack) continue;
    const width = high.slack - low.slack;
    const way = width === 0 ? 0 : (slack - low.slack) / width;
    return of(low) + (of(high) - of(low)) * way;
  }
  return null;
}
