import { Type, type Static } from "typebox";
import { METHODS } from "../../analysis/backtest/methods.ts";
import { literals, Meta } from "./common.ts";

/** Shapes of what every method would have come to on the history that is kept. */

const Part = Type.Number({ description: "A part of the whole, 0 to 1." });
const Maybe = Type.Union([Type.Number(), Type.Null()]);
const Method = literals(METHODS);
const Range = { low: Type.Number(), high: Type.Number() };
const Estimate = Type.Object(
  { value: Part, ...Range },
  { description: "With the middle 95 % over resampled workloads." },
);
const Factor = Type.Number({
  description:
    "What the answers are multiplied by; of our CPU, how much dearer a shortage is. 1: the method itself.",
});
const MemoryPoint = { factor: Factor, slack: Part, weeksOver: Part };
const CpuPoint = { ...MemoryPoint, samplesOver: Part, unmet: Part };

const MethodAnswer = Type.Object({
  method: Method,
  coverage: Type.Object({ cpu: Part, memory: Part }),
  cpu: Type.Object({
    slack: Estimate,
    samplesOver: Estimate,
    weeksOver: Estimate,
    unmet: Estimate,
    unmetCoreHours: Type.Number(),
  }),
  memory: Type.Object({ slack: Estimate, weeksOver: Estimate }),
  churn: Type.Union([
    Type.Object({
      cpu: Type.Number(),
      cpuOverTenth: Part,
      memory: Type.Number(),
      memoryOverTenth: Part,
    }),
    Type.Null(),
  ]),
  frontier: Type.Object({
    cpu: Type.Array(Type.Object(CpuPoint)),
    memory: Type.Array(Type.Object(MemoryPoint)),
  }),
});

const Gate = Type.Object({
  at: Type.Union([Type.Literal("ours"), Type.Literal("theirs")], {
    description:
      "Whose answers stand as they are; the other's are multiplied, our CPU made dearer or cheaper, to the same slack.",
  }),
  resource: Type.Union([Type.Literal("cpu"), Type.Literal("memory")]),
  figure: Type.Union([
    Type.Literal("samplesOver"),
    Type.Literal("weeksOver"),
    Type.Literal("unmet"),
  ]),
  against: Method,
  slack: Part,
  ours: Maybe,
  theirs: Maybe,
  difference: Type.Union([Type.Object(Range), Type.Null()]),
  holds: Type.Union([Type.Boolean(), Type.Null()]),
  within: Type.Union([Type.Boolean(), Type.Null()], {
    description: "Whether it holds where ours and theirs differ by at most a point of slack.",
  }),
});

export const Replayed = Type.Object({
  days: Type.Integer(),
  testDays: Type.Integer(),
  origins: Type.Array(Type.String()),
  workloads: Type.Integer(),
  weeks: Type.Integer(),
  answered: Type.Object({ cpu: Type.Integer(), memory: Type.Integer() }),
  oneOf: Type.Integer(),
  resamples: Type.Integer(),
  methods: Type.Array(MethodAnswer),
  gates: Type.Array(Gate),
});
export type Replayed = Static<typeof Replayed>;

export const Backtest = Type.Object({
  data: Type.Union([Replayed, Type.Null()], {
    description:
      "Null: no history is as long as a window and a week, or it is not the caller's to see.",
  }),
  meta: Meta,
});
export type Backtest = Static<typeof Backtest>;
