import { Type, type Static } from "typebox";
import {
  MEASURES,
  literals,
  Decimal,
  MonthText,
  Nullable,
  Meta,
  Policy,
  Seconds,
} from "./common.ts";

/** Shapes of what a figure is made of. */

/** A bill line under a figure; where it is divided, the share and what it was divided by. */
export const ExplainLine = Type.Object({
  day: Type.String(),
  resource: Type.String(),
  resourceName: Type.String(),
  service: Type.String(),
  description: Type.String(),
  kind: Type.String({ description: "What the line paid for." }),
  origin: Type.String({ description: "Source and unit that brought the line in." }),
  lineCost: Nullable(Decimal),
  splitKind: Nullable(
    Type.String({
      description: "What shares one set of weights: node, pool, volume, shared; null: undivided.",
    }),
  ),
  splitKey: Nullable(Type.String()),
  pool: Nullable(Type.String()),
  nodeBy: Nullable(Type.String({ description: "By what the line was matched to its node." })),
  billedSeconds: Seconds,
  seenSeconds: Seconds,
  coveredSeconds: Seconds,
  weight: Nullable(Type.String({ description: "This consumer's weight, a whole number." })),
  whole: Nullable(Type.String({ description: "All weights of the split together." })),
  cluster: Type.String(),
  namespace: Type.String(),
  workloadKind: Type.String(),
  workload: Type.String(),
  bucket: Type.String(),
  team: Type.String(),
  teamName: Type.String(),
  rule: Nullable(Type.String({ description: "The rule that named the owner that day." })),
  cost: Nullable(Decimal),
});
export type ExplainLine = Static<typeof ExplainLine>;

export const ExplainPart = Type.Object({
  part: Type.String({
    description: "line: undivided; else what divided it: node, pool, volume, shared, …",
  }),
  cluster: Type.String(),
  bucket: Type.String(),
  rule: Nullable(Type.String()),
  lines: Type.Integer({ description: "Lines, or shares of lines, in it." }),
  unstated: Type.Integer(),
  cost: Decimal,
});
export type ExplainPart = Static<typeof ExplainPart>;

export const ExplainMoved = Type.Object({
  policy: literals(["configured", "proportional", "even"] as const),
  cluster: Type.String(),
  bucket: Type.String({ description: "idle and shared: received; a sentinel: passed on." }),
  cost: Decimal,
});
export type ExplainMoved = Static<typeof ExplainMoved>;

/** What a target takes of a commitment that was not used up. */
export const ExplainCommitment = Type.Object({
  commitment: Type.String(),
  mode: literals(["buyer", "covered", "team"] as const),
  team: Type.String(),
  teamName: Type.String(),
  rule: Nullable(Type.String({ description: "buyer: the rule that gives it the commitment." })),
  base: Nullable(
    Type.String({
      description: "covered: effective cost the commitment covered for the team in the month.",
    }),
  ),
  weight: Nullable(Type.String({ description: "The team's part of whole." })),
  whole: Nullable(Type.String()),
  cost: Decimal,
});
export type ExplainCommitment = Static<typeof ExplainCommitment>;

export const Explained = Type.Object({
  target: Type.String(),
  name: Type.String(),
  /** Undivided lines + shares of divided lines + what the policy moves = total, to the last digit. */
  total: Decimal,
  own: Decimal,
  shares: Decimal,
  moved: Decimal,
  parts: Type.Array(ExplainPart),
  redistribution: Type.Array(ExplainMoved),
  commitments: Type.Array(ExplainCommitment),
  lines: Type.Array(ExplainLine),
  lineCount: Type.Integer(),
});
export type Explained = Static<typeof Explained>;

export const Explain = Type.Object({ data: Explained, meta: Meta });
export type Explain = Static<typeof Explain>;

export const ExplainQuery = Type.Object(
  {
    target: Type.String({
      maxLength: 1000,
      description:
        "team:ID, namespace:CLUSTER/NS, workload:CLUSTER/NS/KIND/NAME, resource:ARMID or bucket:NAME",
    }),
    month: Type.Optional(MonthText),
    cost: Type.Optional(literals(MEASURES)),
    currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$" })),
    policy: Policy,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type ExplainQuery = Static<typeof ExplainQuery>;
