import { Type, type Static } from "typebox";
import { MEASURES, MONTH_STATES, literals, Decimal, MonthText, Nullable, Meta } from "./common.ts";

/** Shapes of what was taken in and whether it adds up. */

export const CheckRow = Type.Object({
  name: Type.String(),
  kind: literals(["invariant", "tolerance"] as const),
  ok: Type.Boolean(),
  currency: Nullable(Type.String()),
  detail: Type.String({ description: "What was compared and by how much it differs." }),
});
export type CheckRow = Static<typeof CheckRow>;

/** One currency of a month: what the bill says, what we gave to owners, what Azure itself states. */
export const ReconciliationRow = Type.Object({
  currency: Type.String(),
  measure: literals(MEASURES),
  imported: Nullable(Decimal),
  adjusted: Decimal,
  attributed: Nullable(Decimal),
  difference: Decimal,
  lines: Type.Integer(),
  unstated: Type.Integer(),
  rounded: Decimal,
  azure: Nullable(Decimal),
  azureDifference: Nullable(Decimal),
  azureAsOf: Nullable(Type.String()),
});
export type ReconciliationRow = Static<typeof ReconciliationRow>;

export const RestatementRow = Type.Object({
  at: Type.String(),
  cause: Type.String({ description: "import, rules, configuration or method" }),
  currency: Type.String(),
  team: Type.String(),
  service: Type.String(),
  was: Decimal,
  now: Decimal,
  change: Decimal,
});
export type RestatementRow = Static<typeof RestatementRow>;

export const Reconciliation = Type.Object({
  data: Type.Array(ReconciliationRow),
  checks: Type.Array(CheckRow),
  restatements: Type.Array(RestatementRow),
  meta: Meta,
});
export type Reconciliation = Static<typeof Reconciliation>;

export const ReconciliationQuery = Type.Object(
  { month: Type.Optional(MonthText) },
  { additionalProperties: false },
);

export const SourceUnit = Type.Object({
  unit: Type.String(),
  run: Nullable(Type.String()),
  months: Type.Array(MonthText),
  state: literals(["loaded", "failed", "refused", "vanished"] as const),
  rows: Type.Integer(),
  rejected: Type.Integer(),
  rejectedAmount: Type.Array(Type.Object({ currency: Type.String(), amount: Decimal })),
  submittedAt: Nullable(Type.String()),
  at: Type.String({ description: "When it was last loaded, or last failed." }),
  problem: Nullable(Type.String()),
});
export type SourceUnit = Static<typeof SourceUnit>;

export const SourceRow = Type.Object({
  name: Type.String(),
  type: Type.String(),
  state: literals(["ok", "failed", "never"] as const),
  lastSuccess: Nullable(Type.String()),
  lastAttempt: Nullable(Type.String()),
  failingSince: Nullable(Type.String()),
  problem: Nullable(Type.String()),
  rows: Type.Integer(),
  rejected: Type.Integer(),
  units: Type.Array(SourceUnit),
});
export type SourceRow = Static<typeof SourceRow>;

export const RejectedRow = Type.Object({
  source: Type.String(),
  unit: Type.String(),
  file: Type.String(),
  line: Nullable(Type.Integer()),
  reason: Type.String(),
  text: Type.String(),
  currency: Nullable(Type.String()),
  amount: Nullable(Decimal),
});
export type RejectedRow = Static<typeof RejectedRow>;

export const MonthRow = Type.Object({
  month: MonthText,
  state: literals(MONTH_STATES),
  checkFailed: Type.Boolean(),
  published: Type.Boolean({
    description: "False: an invariant failed before it was ever published.",
  }),
  publishedAt: Nullable(Type.String()),
  lines: Type.Integer(),
  rejected: Type.Integer(),
  totals: Type.Array(
    Type.Object({
      currency: Type.String(),
      effective: Nullable(Decimal),
      billed: Nullable(Decimal),
    }),
  ),
  problem: Nullable(Type.String()),
});
export type MonthRow = Static<typeof MonthRow>;

export const Sources = Type.Object({
  data: Type.Array(SourceRow),
  months: Type.Array(MonthRow),
  rejected: Type.Array(RejectedRow),
  meta: Meta,
});
export type Sources = Static<typeof Sources>;

export const ExportQuery = Type.Object(
  {
    month: Type.Optional(MonthText),
    team: Type.Optional(Type.String({ maxLength: 200 })),
    live: Type.Optional(
      Type.Boolean({ description: "Of a closed month: today's view instead of the statement." }),
    ),
    number: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 999_999, description: "A statement's number." }),
    ),
  },
  { additionalProperties: false },
);
