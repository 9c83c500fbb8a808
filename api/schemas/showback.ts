import { Type, type Static } from "typebox";
import {
  MEASURES,
  MONTH_STATES,
  literals,
  Decimal,
  MonthText,
  Nullable,
  Meta,
  Policy,
  WithinCluster,
} from "./common.ts";

/** Shapes of what teams and services cost, month by month, and of what was used. */

export const ShowbackRow = Type.Object({
  key: Type.String(),
  name: Type.String(),
  team: Nullable(Type.String()),
  bucket: Type.String({ description: "direct, shared, idle or a sentinel such as __unowned__" }),
  cost: Decimal,
  direct: Decimal,
  shared: Decimal,
  idle: Decimal,
  previous: Nullable(Decimal),
  stated: Type.Optional(
    Type.Boolean({
      description: "False: no line of it states this measure; cost is then no amount.",
    }),
  ),
  hint: Type.Optional(Nullable(Type.String({ description: "Who may own it, where nobody does." }))),
  resourceGroup: Type.Optional(Nullable(Type.String())),
  service: Type.Optional(Nullable(Type.String())),
  rule: Type.Optional(
    Nullable(Type.String({ description: "The ownership rule that named the team." })),
  ),
  coverage: Type.Optional(
    Nullable(Type.String({ description: "Of a cluster: as meta.coverage, of its nodes alone." })),
  ),
});
export type ShowbackRow = Static<typeof ShowbackRow>;

export const Showback = Type.Object({ data: Type.Array(ShowbackRow), meta: Meta });
export type Showback = Static<typeof Showback>;

export const ShowbackQuery = Type.Object(
  {
    month: Type.Optional(MonthText),
    by: Type.Optional(Type.String()),
    team: Type.Optional(Type.String({ maxLength: 200 })),
    cost: Type.Optional(literals(MEASURES)),
    currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$" })),
    policy: Policy,
    ...WithinCluster,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type ShowbackQuery = Static<typeof ShowbackQuery>;

export const TrendRow = Type.Object({
  month: MonthText,
  key: Type.String(),
  name: Type.String(),
  cost: Decimal,
  state: literals(MONTH_STATES),
});
export type TrendRow = Static<typeof TrendRow>;

export const Trend = Type.Object({ data: Type.Array(TrendRow), meta: Meta });
export type Trend = Static<typeof Trend>;

export const TrendQuery = Type.Object(
  {
    months: Type.Optional(Type.Integer({ minimum: 1, maximum: 36, default: 13 })),
    by: Type.Optional(Type.String()),
    team: Type.Optional(Type.String({ maxLength: 200 })),
    cost: Type.Optional(literals(MEASURES)),
    currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$" })),
    month: Type.Optional(MonthText),
    policy: Policy,
    ...WithinCluster,
  },
  { additionalProperties: false },
);
export type TrendQuery = Static<typeof TrendQuery>;

/** One (team, service) whose cost moved most against the month before, and what moved it. */
export const MoverRow = Type.Object({
  team: Type.String(),
  teamName: Type.String(),
  service: Type.String(),
  cost: Decimal,
  previous: Decimal,
  change: Decimal,
  appeared: Decimal,
  gone: Decimal,
  changed: Decimal,
  appearedCount: Type.Integer(),
  goneCount: Type.Integer(),
  topResource: Nullable(Type.String()),
});
export type MoverRow = Static<typeof MoverRow>;

export const Movers = Type.Object({ data: Type.Array(MoverRow), meta: Meta });
export type Movers = Static<typeof Movers>;

export const MoversQuery = Type.Object(
  {
    month: Type.Optional(MonthText),
    team: Type.Optional(Type.String({ maxLength: 200 })),
    cost: Type.Optional(literals(MEASURES)),
    currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$" })),
    policy: Policy,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
  },
  { additionalProperties: false },
);
export type MoversQuery = Static<typeof MoversQuery>;

/** What workloads asked for and used, in core-milliseconds, MiB-seconds and GPU-milliseconds. */
export const UsageRow = Type.Object({
  key: Type.String({ description: "A day, or CLUSTER/NAMESPACE/KIND/NAME." }),
  seconds: Type.Number({ description: "Seconds that containers were seen running." }),
  cpuUsed: Type.Number(),
  cpuRequested: Type.Number(),
  cpuEffective: Type.Number({ description: "The larger of used and requested, every 5 minutes." }),
  memUsed: Type.Number(),
  memRequested: Type.Number(),
  memEffective: Type.Number(),
  gpuRequested: Type.Number(),
});
export type UsageRow = Static<typeof UsageRow>;

export const Usage = Type.Object({ data: Type.Array(UsageRow), meta: Meta });
export type Usage = Static<typeof Usage>;

export const UsageQuery = Type.Object(
  {
    month: Type.Optional(MonthText),
    by: Type.Optional(literals(["day", "workload"] as const)),
    ...WithinCluster,
    workload: Type.Optional(Type.String({ maxLength: 400, description: "KIND/NAME" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 1000 })),
  },
  { additionalProperties: false },
);
