import { Type, type Static } from "typebox";
import { globToLike } from "./ownership.ts";
import { type SharedCost, SharedConfig } from "./shared-config.ts";

const closed = { additionalProperties: false };

const Mode = Type.Union(
  [
    Type.Literal("keep"),
    Type.Literal("proportional"),
    Type.Literal("even"),
    Type.Object({ team: Type.String({ minLength: 1 }) }, closed),
  ],
  { description: "keep, proportional, even or { team: ID }" },
);

/** The `clusters` section: which part of the bill is a cluster's. */
export const ClustersConfig = Type.Array(
  Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 100 }),
      resourceId: Type.String({
        pattern:
          "^/subscriptions/[^/]+/[rR]esource[gG]roups/[^/]+/providers/[mM]icrosoft\\.[cC]ontainer[sS]ervice/managed[cC]lusters/[^/]+$",
        description: "the cluster's Azure resource id, /subscriptions/…/managedClusters/NAME",
      }),
      nodeResourceGroup: Type.Optional(Type.String({ minLength: 1 })),
      environment: Type.Optional(Type.String()),
    },
    closed,
  ),
);

/** The `allocation` section: what happens to cost that no namespace caused alone. */
export const AllocationConfig = Type.Object(
  {
    idle: Type.Optional(Mode),
    system: Type.Optional(Mode),
    controlPlane: Type.Optional(Mode),
    network: Type.Optional(Mode),
    unusedCommitment: Type.Optional(
      Type.Union(
        [
          Type.Literal("keep"),
          Type.Literal("buyer"),
          Type.Literal("covered"),
          Type.Object({ team: Type.String({ minLength: 1 }) }, closed),
        ],
        { description: "keep, buyer, covered or { team: ID }" },
      ),
    ),
    shared: Type.Optional(SharedConfig),
    sharedNamespaces: Type.Optional(
      Type.Object(
        {
          match: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
          by: Type.Optional(Mode),
        },
        closed,
      ),
    ),
  },
  closed,
);

export interface Cluster {
  name: string;
  /** Lower case. */
  resourceId: string;
  /** `/subscriptions/ID`, lower case. */
  subscription: string;
  /** LIKE pattern of the group its nodes live in, lower case; `MC_<group>_<name>_<region>` unless said. */
  nodeGroup: string;
  environment: string;
}

export const POLICIES = ["configured", "keep", "proportional", "even"] as const;
export type Policy = (typeof POLICIES)[number];

export interface Allocation {
  /** What each policy does with each bucket; a bucket that is not named is kept. */
  rules: {
    policy: Policy;
    bucket: string;
    mode: "keep" | "proportional" | "even" | "team" | "buyer" | "covered";
    team: string | null;
  }[];
  /** LIKE patterns of shared namespaces, lower case. */
  shared: string[];
  /** Services that many use, in order: the first that matches a line divides it. */
  sharedCosts: SharedCost[];
}

const BUCKETS = {
  idle: "__idle__",
  system: "__system__",
  controlPlane: "__control_plane__",
  network: "__network__",
} as const;
export const UNUSED_COMMITMENT = "__commitment_unused__";
export const SHARED_NAMESPACES = "shared namespaces";

export function clustersOf(config: Static<typeof ClustersConfig>): Cluster[] {
  return config.map((cluster) => {
    const id = cluster.resourceId.toLowerCase();
    const [, , subscription = "", , group = "", , , , name = ""] = id.split("/");
    return {
      name: cluster.name,
      resourceId: id,
      subscription: `/subscriptions/${subscription}`,
      nodeGroup:
        cluster.nodeResourceGroup === undefined
          ? globToLike(`mc_${group}_${name}_*`)
          : globToLike(cluster.nodeResourceGroup),
      environment: cluster.environment?.toLowerCase() ?? "",
    };
  });
}

/**
 * The configured policy and the two that the pages can switch to. Proportional for idle, system,
 * control plane and network unless said; shared namespaces and unused commitments keep their cost
 * unless said.
 */
export function allocationOf(
  config: Static<typeof AllocationConfig>,
  sharedCosts: SharedCost[] = [],
): Allocation {
  const rules: Allocation["rules"] = [];
  const add = (
    policy: Policy,
    bucket: string,
    mode: Exclude<Allocation["rules"][number]["mode"], "team"> | { team: string },
  ) => {
    if (typeof mode === "string") rules.push({ policy, bucket, mode, team: null });
    else rules.push({ policy, bucket, mode: "team", team: mode.team });
  };
  const shared = config.sharedNamespaces;
  for (const [key, bucket] of Object.entries(BUCKETS) as [keyof typeof BUCKETS, string][])
    add("configured", bucket, config[key] ?? "proportional");
  add("configured", SHARED_NAMESPACES, shared?.by ?? "keep");
  // What nobody used of a commitment is no cost of a cluster: the pages' two policies leave it where
  // the configuration does.
  for (const policy of ["configured", "proportional", "even"] as const)
    add(policy, UNUSED_COMMITMENT, config.unusedCommitment ?? "keep");
  for (const policy of ["proportional", "even"] as const)
    for (const bucket of [...Object.values(BUCKETS), SHARED_NAMESPACES])
      add(policy, bucket, policy);
  return { rules, shared: (shared?.match ?? []).map(globToLike), sharedCosts };
}
