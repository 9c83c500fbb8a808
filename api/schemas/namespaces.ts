import { Type, type Static } from "typebox";
import { Meta } from "./common.ts";

/** Shapes of what is said about namespaces. */

const Text = Type.String();
const Maybe = Type.Union([Type.String(), Type.Null()]);
const Confidence = Type.Union([
  Type.Literal("high"),
  Type.Literal("medium"),
  Type.Literal("low"),
  Type.Null(),
]);

export const NamespaceRow = Type.Object({
  cluster: Text,
  name: Text,
  team: Maybe,
  owner: Maybe,
  confidence: Confidence,
  ownerEvidence: Text,
  lastActivity: Type.Union([Type.Object({ at: Text, what: Text }), Type.Null()]),
  cost: Type.Union([Type.Object({ month: Text, currency: Text, amount: Text }), Type.Null()]),
  state: Text,
  since: Maybe,
  verdict: Text,
  why: Text,
  gitops: Maybe,
  next: Type.Union([Type.Object({ what: Text, at: Maybe }), Type.Null()]),
  scannedAt: Text,
});
export type NamespaceRow = Static<typeof NamespaceRow>;

export const NamespaceDetail = Type.Object({
  ...NamespaceRow.properties,
  uid: Text,
  inventoryHash: Text,
  signals: Type.Array(
    Type.Object({ signal: Text, holds: Type.Union([Type.Boolean(), Type.Null()]), evidence: Text }),
  ),
  holds: Type.Object({
    volumes: Type.Integer(),
    loadBalancers: Type.Integer(),
    workloads: Type.Integer(),
    isEmpty: Type.Boolean(),
  }),
  links: Type.Array(
    Type.Object({ link: Text, person: Text, confidence: Confidence, evidence: Text }),
  ),
  approvals: Type.Array(
    Type.Object({ by: Text, onTheWordOf: Maybe, as: Text, at: Text, isValid: Type.Boolean() }),
  ),
  told: Type.Array(Type.Integer()),
  backup: Type.Union([Type.Object({ at: Text, problems: Type.Array(Text) }), Type.Null()]),
  lastResult: Maybe,
  /** Where it is managed from a repository: what to propose there. */
  pullRequest: Maybe,
  timeline: Type.Array(Type.Object({ at: Text, actor: Text, action: Text, details: Text })),
});
export type NamespaceDetail = Static<typeof NamespaceDetail>;

export const Namespaces = Type.Object({
  data: Type.Array(NamespaceRow),
  meta: Type.Object({ ...Meta.properties, total: Type.Integer(), deletion: Type.Boolean() }),
});
export type Namespaces = Static<typeof Namespaces>;

export const NamespaceAnswer = Type.Object({ data: NamespaceDetail, meta: Meta });

export const NamespacesQuery = Type.Object(
  {
    state: Type.Optional(Type.String({ maxLength: 20 })),
    team: Type.Optional(Type.String({ maxLength: 80 })),
    cluster: Type.Optional(Type.String({ maxLength: 253 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    cursor: Type.Optional(Type.String({ maxLength: 10 })),
  },
  { additionalProperties: false },
);

export const NamespacePlace = Type.Object({
  cluster: Type.String({ maxLength: 253 }),
  name: Type.String({ maxLength: 253 }),
});

export const ACTIONS = [
  "keep",
  "snooze",
  "approve",
  "quarantine",
  "release",
  "delete",
  "restore",
] as const;

export const NamespaceAction = Type.Object({
  ...NamespacePlace.properties,
  action: Type.Union(ACTIONS.map((action) => Type.Literal(action))),
});

export const NamespaceActionBody = Type.Object(
  {
    reason: Type.Optional(Type.String({ maxLength: 500 })),
    until: Type.Optional(Type.String({ maxLength: 10 })),
    as: Type.Optional(Type.Union([Type.Literal("owner"), Type.Literal("second")])),
    inventoryHash: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);
