import { Type, type Static } from "typebox";

const closed = { additionalProperties: false };
// YAML reads an unquoted 2026-01-01 as text under its core schema, so days stay text.
const Day = Type.String({ pattern: "^\\d{4}-\\d{2}-\\d{2}$", description: "a day as YYYY-MM-DD" });
const Patterns = Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })], {
  description: "a glob or a list of globs",
});
const Keyed = Type.Record(Type.String(), Patterns);

/** Keys of a rule's `match`; all of a rule must hold, any value of a key will do. */
export const MATCH_KEYS = [
  "cluster",
  "namespace",
  "label",
  "annotation",
  "creator",
  "tag",
  "resourceGroup",
  "subscription",
  "resourceId",
  "service",
] as const;
export type MatchKey = (typeof MATCH_KEYS)[number];

/** Those a namespace or workload of a cluster can answer. */
export const CLUSTER_KEYS: readonly MatchKey[] = [
  "cluster",
  "namespace",
  "label",
  "annotation",
  "creator",
];

/** Those a bill line can answer. */
export const LINE_KEYS: readonly MatchKey[] = [
  "tag",
  "resourceGroup",
  "subscription",
  "resourceId",
  "service",
];

export const Match = Type.Object(
  {
    cluster: Type.Optional(Patterns),
    namespace: Type.Optional(Patterns),
    label: Type.Optional(Keyed),
    annotation: Type.Optional(Keyed),
    creator: Type.Optional(Patterns),
    tag: Type.Optional(Keyed),
    resourceGroup: Type.Optional(Patterns),
    subscription: Type.Optional(Patterns),
    resourceId: Type.Optional(Patterns),
    service: Type.Optional(Patterns),
  },
  { additionalProperties: false, minProperties: 1, description: "at least one key" },
);

const Past = Type.Object(
  {
    until: Day,
    name: Type.Optional(Type.String()),
    businessUnit: Type.Optional(Type.String()),
    costCenter: Type.Optional(Type.String()),
  },
  closed,
);

export const Team = Type.Object(
  {
    id: Type.String({
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
      description: "letters, digits, dot, dash and underscore",
    }),
    name: Type.Optional(Type.String()),
    businessUnit: Type.Optional(Type.String()),
    costCenter: Type.Optional(Type.String()),
    contacts: Type.Optional(Type.Array(Type.String())),
    groups: Type.Optional(Type.Array(Type.String())),
    history: Type.Optional(Type.Array(Past)),
    budget: Type.Optional(
      Type.Object(
        {
          amount: Type.String({
            pattern: "^\\d+(\\.\\d{1,18})?$",
            description: "an amount as text",
          }),
          currency: Type.String({ pattern: "^[A-Z]{3}$" }),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const OwnersConfig = Type.Object(
  {
    teams: Type.Optional(Type.Array(Team)),
    rules: Type.Optional(
      Type.Array(
        Type.Object(
          {
            team: Type.String(),
            from: Type.Optional(Day),
            until: Type.Optional(Day),
            match: Match,
          },
          closed,
        ),
      ),
    ),
  },
  closed,
);
export type OwnersConfig = Static<typeof OwnersConfig>;
