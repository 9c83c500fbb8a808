import { Type, type Static } from "typebox";
import { literals, Decimal, Nullable, Meta, Day, Whole } from "./common.ts";

/** Shapes of findings and of what recommends them. */

export const FINDING_STATES = ["open", "dismissed", "claimed", "resolved"] as const;

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
