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

export const literals = <T extends readonly string[]>(values: T) =>
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
    live: Type.Optional(
      Type.Boolean({ description: "Of a closed month: today's view instead of the statement." }),
    ),
    number: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 999_999, description: "A statement's number." }),
    ),
  },
  { additionalProperties: false },
);

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

export const FINDING_STATES = ["open", "dismissed", "claimed", "resolved"] as const;

const Day = Type.String({ description: "YYYY-MM-DD, UTC" });
const Evidence = Type.Array(Type.Object({ fact: Type.String(), value: Type.String() }));

export const FindingRow = Type.Object({
  id: Type.String({ description: "Of its kind and subject: the same over builds and months." }),
  kind: Type.String(),
  kindName: Type.String(),
  action: Type.String({ description: "What to do about it." }),
  subject: Type.String(),
  name: Type.String(),
  cluster: Nullable(Type.String()),
  namespace: Nullable(Type.String()),
  workload: Nullable(Type.String({ description: "Kind/name" })),
  container: Nullable(Type.String()),
  team: Type.String(),
  teamName: Type.String(),
  hint: Nullable(Type.String({ description: "Whom to ask, where nobody owns it." })),
  currency: Type.String(),
  cost: Decimal,
  paper: Decimal,
  realisable: Decimal,
  extra: Decimal,
  since: Day,
  sinceAtLeast: Type.Boolean({ description: "It may be older: the data begins there." }),
  confidence: Type.String({ description: "high, medium or low" }),
  evidence: Evidence,
  state: literals(FINDING_STATES),
  claimedBy: Nullable(Type.String({ description: "The finding that claims its money." })),
  dismissed: Nullable(
    Type.Object(
      { until: Day, reason: Type.String(), by: Type.String() },
      { description: "By whom, why, to when." },
    ),
  ),
  firstSeen: Day,
  lastSeen: Day,
  resolvedOn: Nullable(Day),
  saved: Nullable(Decimal),
  windowFrom: Day,
  windowUntil: Day,
});
export type FindingRow = Static<typeof FindingRow>;

const FindingSum = Type.Object({
  currency: Type.String(),
  kind: Type.String(),
  kindName: Type.String(),
  findings: Type.Integer({ description: "Open ones." }),
  paper: Decimal,
  realisable: Decimal,
  saved: Decimal,
});

export const Findings = Type.Object({
  data: Type.Array(FindingRow),
  sums: Type.Array(FindingSum, { description: "All of the caller's findings, by kind." }),
  made: Type.Object({
    at: Nullable(Type.String({ description: "When they were made; null: never." })),
    stale: Type.Boolean({ description: "The last build could not make them anew." }),
  }),
  assumptions: Type.Array(Type.String(), { description: "Of what is realisable in clusters." }),
  meta: Meta,
});
export type Findings = Static<typeof Findings>;

export const FindingsQuery = Type.Object(
  {
    kind: Type.Optional(Type.String({ maxLength: 60 })),
    team: Type.Optional(Type.String({ maxLength: 200 })),
    cluster: Type.Optional(Type.String({ maxLength: 100 })),
    state: Type.Optional(literals([...FINDING_STATES, "all"] as const)),
    q: Type.Optional(Type.String({ maxLength: 200, description: "Text in its name or subject." })),
    currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    cursor: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type FindingsQuery = Static<typeof FindingsQuery>;

const Whole = Nullable(Type.Integer());
export const Recommendation = Type.Object({
  tier: Type.String(),
  class: Type.String(),
  reasons: Type.Array(Type.String()),
  abstainedCpu: Nullable(Type.String()),
  abstainedMem: Nullable(Type.String()),
  replicas: Type.Integer(),
  cpuRequest: Whole,
  memRequest: Whole,
  cpuLimit: Whole,
  memLimit: Whole,
  cpuRecommended: Whole,
  memRecommended: Whole,
  memLimitRecommended: Whole,
  cpuExceededPpm: Whole,
  memExceededPpm: Whole,
  oomKills: Type.Integer(),
  throttledPpm: Whole,
  krrCpu: Whole,
  krrMem: Whole,
  vpaCpu: Whole,
  vpaMem: Whole,
  vpaCpuLower: Whole,
  vpaCpuUpper: Whole,
  vpaMemLower: Whole,
  vpaMemUpper: Whole,
});
export type Recommendation = Static<typeof Recommendation>;

export const FindingHour = Type.Object({
  at: Type.Integer({ description: "Seconds since 1970." }),
  pods: Type.Integer(),
  cpuAverage: Type.Integer({ description: "Microcores a pod." }),
  cpuMax: Type.Integer(),
  memAverage: Type.Integer({ description: "KiB a pod." }),
  memMax: Type.Integer(),
  cpuRequest: Whole,
  memRequest: Whole,
  cpuLimit: Whole,
  memLimit: Whole,
  oomKills: Type.Integer(),
  throttledMs: Type.Integer(),
});
export type FindingHour = Static<typeof FindingHour>;

export const FindingDetail = Type.Object({
  data: Type.Object({
    finding: FindingRow,
    days: Type.Array(Type.Object({ day: Day, cost: Decimal })),
    hours: Type.Array(FindingHour),
    recommendation: Nullable(Recommendation),
    why: Type.Array(Type.Object({ code: Type.String(), meaning: Type.String() }), {
      description: "How its use behaves, and the rules that decided.",
    }),
    patch: Nullable(
      Type.Object({
        strategic: Type.String({ description: "kubectl patch --patch-file" }),
        kustomize: Type.String({ description: "An entry of patches: in kustomization.yaml" }),
        helm: Type.String({ description: "The chart's values of the container" }),
      }),
    ),
  }),
  meta: Meta,
});
export type FindingDetail = Static<typeof FindingDetail>;

export const DismissBody = Type.Object(
  {
    reason: Type.String({ minLength: 3, maxLength: 500 }),
    until: Type.String({
      pattern: "^\\d{4}-\\d{2}-\\d{2}$",
      description: "The last day, at most a year on.",
    }),
  },
  { additionalProperties: false },
);
