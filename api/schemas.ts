import { Type, type Static, type TSchema } from "typebox";

/**
 * What travels over HTTP, once: validation, serialisation, OpenAPI and the types the pages use.
 * Amounts are decimal strings in the currency that `meta.currency` names; they are never numbers.
 */

export const MEASURES = ["effective", "billed", "list", "contracted"] as const;
export const DIMENSIONS = [
  "team",
  "businessUnit",
  "service",
  "environment",
  "cluster",
  "namespace",
  "workload",
  "resource",
  "day",
] as const;
export const TREND_DIMENSIONS = [
  "team",
  "businessUnit",
  "service",
  "environment",
  "cluster",
  "namespace",
] as const;
export const POLICIES = ["configured", "keep", "proportional", "even"] as const;
export const MONTH_STATES = ["open", "provisional", "settled", "closed"] as const;

const literals = <T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>(Type.Union(values.map((value) => Type.Literal(value))));

const Decimal = Type.String({ description: "A plain decimal number as text, exact." });
const MonthText = Type.String({ pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$", description: "YYYY-MM" });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const Meta = Type.Object({
  month: Nullable(MonthText),
  currency: Nullable(Type.String()),
  currencies: Type.Array(Type.String()),
  state: Nullable(literals(MONTH_STATES)),
  checkFailed: Type.Boolean({ description: "An invariant or a tolerance of this month failed." }),
  publishedId: Type.String(),
  publishedAt: Nullable(Type.String()),
  coverage: Nullable(
    Type.String({
      description:
        "Part of the billed node time that has usage data, 0 to 1; null where no cluster is billed.",
    }),
  ),
  policy: Type.Optional(
    Type.Unsafe<(typeof POLICIES)[number]>(
      Type.Union(
        POLICIES.map((value) => Type.Literal(value)),
        { description: "How idle and shared cost is passed on; keep: not at all." },
      ),
    ),
  ),
  next: Nullable(Type.String({ description: "Cursor of the next page; null on the last." })),
  months: Type.Array(MonthText, { description: "Every published month, oldest first." }),
  total: Type.Optional(Decimal),
  previousTotal: Type.Optional(Nullable(Decimal)),
  companyTotal: Type.Optional(
    Type.String({
      description:
        "What all teams cost together; only for who sees some of them, and only where totals are visible.",
    }),
  ),
  unstated: Type.Optional(
    Type.Integer({ description: "Lines whose amount in this measure the provider did not state." }),
  ),
});
export type Meta = Static<typeof Meta>;

export const Whoami = Type.Object({
  name: Type.String(),
  roles: Type.Array(Type.String({ description: "viewer, engineer, finance, platform, auditor" })),
  teams: Nullable(
    Type.Array(Type.String(), { description: "Whose figures one may read; null: every team's." }),
  ),
  may: Type.Array(Type.String({ description: "What routes may need." })),
  totals: Type.Boolean({ description: "One may know what all teams cost together." }),
  signIn: Type.String({ description: "none, tokens or oidc" }),
  csrf: Nullable(
    Type.String({ description: "Sent as x-csrf-token with what changes something; of a session." }),
  ),
});
export type Whoami = Static<typeof Whoami>;

export const AccessState = Type.Object({
  signIn: Type.String({ description: "none, tokens or oidc" }),
  issuer: Nullable(Type.String()),
  totals: Type.Boolean({ description: "Teams may know what all teams cost together." }),
  roles: Type.Array(Type.Object({ group: Type.String(), roles: Type.Array(Type.String()) })),
  teams: Type.Array(Type.Object({ team: Type.String(), groups: Type.Array(Type.String()) })),
  tokens: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      roles: Type.Array(Type.String()),
      teams: Nullable(Type.Array(Type.String())),
      createdBy: Type.String(),
      createdAt: Type.String(),
      expiresAt: Type.String(),
      lastUsedAt: Nullable(Type.String()),
      live: Type.Boolean(),
    }),
  ),
});

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

const Policy = Type.Optional(literals(POLICIES));
const WithinCluster = {
  cluster: Type.Optional(Type.String({ maxLength: 100 })),
  namespace: Type.Optional(
    Type.String({ maxLength: 300, description: "With cluster: one namespace or sentinel of it." }),
  ),
};

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

const Seconds = Nullable(Type.Integer());

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
    live: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** RFC 9457 problem details with our stable `code`. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  instance: Type.Optional(Type.String()),
});
export type Problem = Static<typeof Problem>;
