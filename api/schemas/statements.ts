import { Type, type Static } from "typebox";
import { MONTH_STATES, literals, Decimal, MonthText, Nullable, Meta } from "./common.ts";

/** Shapes of statements and of closing a month. */

const StatementAmounts = Type.Object({
  currency: Type.String(),
  effective: Decimal,
  billed: Decimal,
  list: Decimal,
});

export const StatementQuestion = Type.Object({
  kind: literals(["state", "stale", "check", "unowned", "coverage", "rejected", "source"] as const),
  blocks: Type.Boolean({ description: "True: it is closed over this only with a reason." }),
  text: Type.String(),
  currency: Nullable(Type.String()),
  amount: Nullable(Decimal),
});

export const StatementRow = Type.Object({
  number: Type.Integer(),
  closedAt: Type.String(),
  closedBy: Type.String(),
  reason: Nullable(Type.String({ description: "Why it was closed over what blocked." })),
  state: literals(MONTH_STATES),
  sha256: Type.String({ description: "Of the CSV." }),
  totals: Type.Array(StatementAmounts),
  change: Nullable(
    Type.Array(StatementAmounts, { description: "Against the statement before; null: the first." }),
  ),
  questions: Type.Array(StatementQuestion, { description: "What was open when it was closed." }),
});
export type StatementRow = Static<typeof StatementRow>;

/** A month as finance sees it: its statements, newest first, and what stands between it and the next. */
export const StatementMonth = Type.Object({
  month: MonthText,
  state: literals(MONTH_STATES),
  published: Type.Boolean(),
  statements: Type.Array(StatementRow),
  totals: Type.Array(StatementAmounts, { description: "Today's figures." }),
  restated: Nullable(
    Type.Array(StatementAmounts, {
      description:
        "Of a closed month whose figures differ from its latest statement: by how much; null: they do not.",
    }),
  ),
  questions: Type.Array(StatementQuestion),
});
export type StatementMonth = Static<typeof StatementMonth>;

export const Statements = Type.Object({
  data: Type.Array(StatementMonth),
  meta: Type.Intersect([
    Meta,
    Type.Object({ mayClose: Type.Boolean({ description: "Whether who asks may close months." }) }),
  ]),
});
export type Statements = Static<typeof Statements>;

export const StatementsQuery = Type.Object(
  { month: Type.Optional(MonthText) },
  { additionalProperties: false },
);

export const CloseBody = Type.Object(
  {
    month: MonthText,
    reason: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1000,
        description: "Closes over what blocks; the statement and the audit log keep it.",
      }),
    ),
  },
  { additionalProperties: false },
);

export const Closed = Type.Object({
  data: Type.Object({
    month: MonthText,
    number: Type.Integer(),
    outcome: literals(["closed", "unchanged"] as const),
    sha256: Type.String(),
  }),
});
export type Closed = Static<typeof Closed>;

/** Of one statement: what it changes against the one before, by team and service. */
export const StatementDiff = Type.Object({
  data: Type.Array(
    Type.Object({
      team: Type.String(),
      service: Type.String(),
      currency: Type.String(),
      effective: Decimal,
      billed: Decimal,
      list: Decimal,
    }),
  ),
  change: Type.Array(StatementAmounts),
  from: Type.Integer(),
  to: Type.Integer(),
  month: MonthText,
});
export type StatementDiff = Static<typeof StatementDiff>;

export const StatementPlace = Type.Object({
  month: MonthText,
  number: Type.String({ pattern: "^[1-9][0-9]{0,5}$" }),
});
