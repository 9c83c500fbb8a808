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

export const Decimal = Type.String({ description: "A plain decimal number as text, exact." });

export const MonthText = Type.String({
  pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$",
  description: "YYYY-MM",
});

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

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

export const Policy = Type.Optional(literals(POLICIES));

export const WithinCluster = {
  cluster: Type.Optional(Type.String({ maxLength: 100 })),
  namespace: Type.Optional(
    Type.String({ maxLength: 300, description: "With cluster: one namespace or sentinel of it." }),
  ),
};

export const Seconds = Nullable(Type.Integer());

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

export const Day = Type.String({ description: "YYYY-MM-DD, UTC" });

export const Whole = Nullable(Type.Integer());
