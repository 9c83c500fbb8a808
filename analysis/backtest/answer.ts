import { type Method, METHODS } from "./methods.ts";
import {
  addScore,
  atSlack,
  type CpuPoint,
  cpuFrontier,
  ITSELF,
  memoryFrontier,
  type MemoryPoint,
  noScore,
  type Scored,
  swept,
} from "./score.ts";

/** An estimate with the middle 95 % of what resampled workloads give; parts of the whole, 0 to 1. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

export interface MethodAnswer {
  method: Method;
  /** Parts of the workload-weeks in which the method said anything; the figures are of those all answered. */
  coverage: { cpu: number; memory: number };
  cpu: {
    slack: Estimate;
    samplesOver: Estimate;
    weeksOver: Estimate;
    unmet: Estimate;
    unmetCoreHours: number;
  };
  memory: { slack: Estimate; weeksOver: Estimate };
  /** Between one week's answer and the next: the mean change, and the part that moved by over a tenth; null with one week. */
  churn: { cpu: number; cpuOverTenth: number; memory: number; memoryOverTenth: number } | null;
  frontier: { cpu: CpuPoint[]; memory: MemoryPoint[] };
}

/**
 * Ours beside a peer's at one slack: `ours`, as we say it, with the peer's answers all multiplied so that
 * their slack is ours; or `theirs`, as they say it, with ours for a shortage of CPU that is so much dearer or
 * cheaper that our slack is theirs, and for memory all multiplied. `difference` is ours less theirs.
 */
export interface Gate {
  at: "ours" | "theirs";
  resource: "cpu" | "memory";
  figure: "samplesOver" | "weeksOver" | "unmet";
  against: Method;
  slack: number;
  /** Null where no factor has that slack. */
  ours: number | null;
  theirs: number | null;
  difference: { low: number; high: number } | null;
  holds: boolean | null;
  /** The same where the two slacks may differ by a point of a hundred. */
  within: boolean | null;
}

/** What `backtest --format json` prints and the findings file holds. */
export interface BacktestAnswer {
  /** Days a method was fitted on, and days it was scored on. */
  days: number;
  testDays: number;
  /** First days of the scored weeks. */
  origins: string[];
  workloads: number;
  /** Workload-weeks there were, and those every method answered, by resource. */
  weeks: number;
  answered: { cpu: number; memory: number };
  /** One of so many parts of the namespaces, where all would be too many. */
  oneOf: number;
  resamples: number;
  methods: MethodAnswer[];
  gates: Gate[];
}

/** What was counted while methods were replayed. */
export interface Replayed {
  scores: Scored[];
  weeks: number;
  answers: Record<Method, { cpu: number; memory: number }>;
  churn: Record<Method, { cpu: number[]; memory: number[] }>;
}

const RESAMPLES = 200;
const SEED = 20_260_901;

/** Numbers from 0 to 1 that are the same every time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PEERS = METHODS.filter((method) => method !== "apportion");
const CPU_FIGURES = ["samplesOver", "weeksOver", "unmet"] as const;

/** Everything the figures are read from, of one draw of workloads. */
interface Draw {
  cpu: Record<Method, CpuPoint[]>;
  memory: Record<Method, MemoryPoint[]>;
}

function drawOf(total: Scored): Draw {
  const by = <T>(of: (method: Method) => T) =>
    Object.fromEntries(METHODS.map((method) => [method, of(method)])) as Record<Method, T>;
  return {
    cpu: by((method) => cpuFrontier(total, method)),
    memory: by((method) => memoryFrontier(total, method)),
  };
}

/** Adds up, and draws the workloads again and again for what chance alone would move. */
export function answerOf(
  replayed: Replayed,
  about: Pick<BacktestAnswer, "days" | "testDays" | "origins" | "oneOf">,
): BacktestAnswer {
  const { scores } = replayed;
  const total = noScore();
  for (const one of scores) addScore(total, one);
  const real = drawOf(total);
  const random = seeded(SEED);
  const draws = Array.from({ length: scores.length === 0 ? 0 : RESAMPLES }, () => {
    const times = new Uint32Array(scores.length);
    for (let pick = 0; pick < scores.length; pick++) {
      const place = Math.floor(random() * scores.length);
      times[place] = (times[place] as number) + 1;
    }
    const sum = noScore();
    for (const [index, one] of scores.entries())
      if (times[index] !== 0) addScore(sum, one, times[index] as number);
    return drawOf(sum);
  });
  const estimate = (of: (draw: Draw) => number): Estimate => ({
    value: of(real),
    ...middle(draws.map(of)),
  });
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const moved = (list: readonly number[]) => list.filter((one) => one > 0.1).length / list.length;
  return {
    ...about,
    workloads: scores.length,
    weeks: replayed.weeks,
    answered: { cpu: total.base.cpuWeeks, memory: total.base.memWeeks },
    resamples: draws.length,
    methods: METHODS.map((method): MethodAnswer => {
      const cpu = (figure: "slack" | "samplesOver" | "weeksOver" | "unmet") =>
        estimate((draw) => (draw.cpu[method][ITSELF] as CpuPoint)[figure]);
      const memory = (figure: "slack" | "weeksOver") =>
        estimate((draw) => (draw.memory[method][ITSELF] as MemoryPoint)[figure]);
      const churn = replayed.churn[method];
      const said = replayed.answers[method];
      return {
        method,
        coverage: {
          cpu: replayed.weeks === 0 ? 0 : said.cpu / replayed.weeks,
          memory: replayed.weeks === 0 ? 0 : said.memory / replayed.weeks,
        },
        cpu: {
          slack: cpu("slack"),
          samplesOver: cpu("samplesOver"),
          weeksOver: cpu("weeksOver"),
          unmet: cpu("unmet"),
          unmetCoreHours: (total.methods[method].cpuUnmet[ITSELF] as number) / 1e6 / 3600,
        },
        memory: { slack: memory("slack"), weeksOver: memory("weeksOver") },
        churn:
          churn.cpu.length === 0 || churn.memory.length === 0
            ? null
            : {
                cpu: mean(churn.cpu),
                cpuOverTenth: moved(churn.cpu),
                memory: mean(churn.memory),
                memoryOverTenth: moved(churn.memory),
              },
        frontier: { cpu: real.cpu[method], memory: real.memory[method] },
      };
    }),
    gates: (["ours", "theirs"] as const).flatMap((at) => [
      ...PEERS.flatMap((against) =>
        CPU_FIGURES.map((figure) =>
          gate({ at, resource: "cpu", figure, against }, real, draws, (draw) =>
            both(at, draw.cpu.apportion, draw.cpu[against], (point) => point[figure], true),
          ),
        ),
      ),
      // Of memory both of KRR's strategies say the same.
      ...PEERS.filter((against) => against !== "krr-simple-limit").map((against) =>
        gate({ at, resource: "memory", figure: "weeksOver", against }, real, draws, (draw) =>
          both(at, draw.memory.apportion, draw.memory[against], (point) => point.weeksOver, false),
        ),
      ),
    ]),
  };
}

type Both = Pick<Gate, "slack" | "ours" | "theirs"> & {
  /** Of the one that is multiplied, with a point more or less of slack, as suits us. */
  near: number | null;
};

const POINT = 0.01;

/** Both figures at the slack of one of the two. */
function both<P extends { slack: number }>(
  at: Gate["at"],
  mine: readonly P[],
  other: readonly P[],
  of: (point: P) => number,
  isCpu: boolean,
): Both {
  const { slack } = itself(at === "ours" ? mine : other);
  const line = isCpu ? swept("apportion", mine) : mine;
  return at === "ours"
    ? {
        slack,
        ours: of(itself(mine)),
        theirs: atSlack(other, slack, of),
        near: atSlack(other, slack - POINT, of),
      }
    : {
        slack,
        ours: atSlack(line, slack, of),
        theirs: of(itself(other)),
        near: atSlack(line, slack + POINT, of),
      };
}

const itself = <P>(frontier: readonly P[]) => frontier[ITSELF] as P;

function gate(
  about: Pick<Gate, "at" | "resource" | "figure" | "against">,
  real: Draw,
  draws: readonly Draw[],
  read: (draw: Draw) => Both,
): Gate {
  const { near, ...found } = read(real);
  const holds = less(found).map((difference) => difference <= 0)[0] ?? null;
  const nearly = less(about.at === "ours" ? { ...found, theirs: near } : { ...found, ours: near });
  const differences = draws.map(read).flatMap(less);
  return {
    ...about,
    ...found,
    difference: differences.length === 0 ? null : middle(differences),
    holds,
    within: holds === null ? null : holds || nearly.some((difference) => difference <= 0),
  };
}

function less({ ours, theirs }: Pick<Gate, "ours" | "theirs">): number[] {
  return ours === null || theirs === null ? [] : [ours - theirs];
}

/** The middle 95 %. */
function middle(values: readonly number[]): { low: number; high: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (p: number) => sorted[Math.round(p * (sorted.length - 1))] ?? 0;
  return { low: at(0.025), high: at(0.975) };
}
