import type { WorkloadFacts } from "../findings/recommend/recommend.ts";
import { cut, DAY_SLOTS, lengthOf, type Series } from "../findings/recommend/series.ts";
import type { FindingsSettings } from "../findings/settings.ts";
import { type BacktestAnswer, answerOf, type Replayed } from "./answer.ts";
import { type Answer, answersOf, type Method, METHODS, weekOf } from "./methods.ts";
import { noScore, scoreCpu, scoreMemory } from "./score.ts";

export const TEST_DAYS = 7;
/** Pod-time a scored week must hold: three hours, under which it says nothing. */
const LEAST_SECONDS = 3 * 3600;

/** One container's whole history, and what is known of its workload. */
export interface History {
  series: Series;
  facts: Omit<WorkloadFacts, "expectedSeconds" | "clusterCoverage">;
  containers: number;
}

/**
 * Replays history: every method is fitted on [t - days, t) and scored on [t, t + 7 days), for every t a
 * week apart back from the history's end. A week counts in the comparison where all of them answered for
 * that resource, so that nobody wins by not answering; how often each did is its coverage.
 */
export class Replay {
  readonly #days: number;
  readonly #settings: Pick<FindingsSettings, "floors" | "leastChange">;
  readonly #origins = new Set<number>();
  readonly #replayed: Replayed = {
    scores: [],
    weeks: 0,
    answers: byMethod(() => ({ cpu: 0, memory: 0 })),
    churn: byMethod(() => ({ cpu: [], memory: [] })),
  };

  constructor(days: number, settings: Pick<FindingsSettings, "floors" | "leastChange">) {
    this.#days = days;
    this.#settings = settings;
  }

  add({ series, facts, containers }: History): void {
    const score = noScore();
    let scored = false;
    let before: Record<Method, Answer> | null = null;
    const fit = this.#days * DAY_SLOTS;
    const test = TEST_DAYS * DAY_SLOTS;
    const first = fit + ((series.slots - fit) % test);
    for (let at = first; at + test <= series.slots; at += test) {
      const past = cut(series, at - fit, at);
      const next = cut(series, at, at + test);
      if (lengthOf(past) === 0 || lengthOf(next) === 0) {
        before = null;
        continue;
      }
      const week = weekOf(next);
      if (week.seconds < LEAST_SECONDS) continue;
      this.#origins.add(series.from + at * 300);
      this.#replayed.weeks++;
      const { said: answers, oursAt } = answersOf(past, facts, containers, this.#settings);
      this.#count(answers, before);
      before = answers;
      const cpu = allOf(answers, "cpu");
      const memory = allOf(answers, "mem");
      if (cpu !== null) scoreCpu(score, week, cpu, oursAt);
      if (memory !== null) scoreMemory(score, week, memory, answers);
      scored ||= cpu !== null || memory !== null;
    }
    if (scored) this.#replayed.scores.push(score);
  }

  #count(answers: Record<Method, Answer>, before: Record<Method, Answer> | null): void {
    const { answers: counted, churn } = this.#replayed;
    const change = (now: number | null, then: number | null, into: number[]) => {
      if (now !== null && then !== null && then > 0) into.push(Math.abs(now / then - 1));
    };
    for (const method of METHODS) {
      const { cpu, mem } = answers[method];
      if (cpu !== null) counted[method].cpu++;
      if (mem !== null) counted[method].memory++;
      if (before === null) continue;
      change(cpu, before[method].cpu, churn[method].cpu);
      change(mem, before[method].mem, churn[method].memory);
    }
  }

  /** @param oneOf how many parts the workloads were divided into, of which one was replayed */
  answer(oneOf = 1): BacktestAnswer {
    return answerOf(this.#replayed, {
      days: this.#days,
      testDays: TEST_DAYS,
      origins: [...this.#origins]
        .toSorted((a, b) => a - b)
        .map((at) => new Date(at * 1000).toISOString().slice(0, 10)),
      oneOf,
    });
  }
}

function byMethod<T>(of: () => T): Record<Method, T> {
  return Object.fromEntries(METHODS.map((method) => [method, of()])) as Record<Method, T>;
}

function allOf(
  answers: Record<Method, Answer>,
  resource: "cpu" | "mem",
): Record<Method, number> | null {
  const said = METHODS.map((method) => [method, answers[method][resource]] as const);
  if (said.some(([, value]) => value === null)) return null;
  return Object.fromEntries(said) as Record<Method, number>;
}
