import { Type, type Static } from "typebox";
import { globToLike } from "../ownership.ts";

const closed = { additionalProperties: false };

/**
 * By how much a shortage hurts: parts of a hundred that memory's request stands above what was used, and to
 * which CPU's use is reckoned with beside what was measured; and how dear a shortage of CPU is (`balance.ts`).
 */
export const TIERS = {
  saver: { cpu: 105, memory: 105, shortage: 0.75 },
  balanced: { cpu: 110, memory: 115, shortage: 1 },
  critical: { cpu: 125, memory: 130, shortage: 2 },
} as const satisfies Record<string, { cpu: number; memory: number; shortage: number }>;
export type Tier = keyof typeof TIERS;

const TierName = Type.Union(
  (Object.keys(TIERS) as Tier[]).map((tier) => Type.Literal(tier)),
  { description: Object.keys(TIERS).join(", ") },
);
const Pattern = Type.String({ minLength: 1 });

/** The `findings` section: how close to use a request may be, and what is worth a finding. */
export const FindingsConfig = Type.Object(
  {
    tier: Type.Optional(TierName),
    tiers: Type.Optional(
      Type.Array(
        Type.Object(
          {
            tier: TierName,
            match: Type.Object(
              {
                cluster: Type.Optional(Pattern),
                namespace: Type.Optional(Pattern),
                workload: Type.Optional(Pattern),
                team: Type.Optional(Pattern),
              },
              { ...closed, minProperties: 1 },
            ),
          },
          closed,
        ),
      ),
    ),
    floors: Type.Optional(
      Type.Object(
        {
          cpuMillicores: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
          memoryMiB: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
        },
        closed,
      ),
    ),
    leastChange: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100, description: "percent of a request" }),
    ),
    leastMoney: Type.Optional(
      Type.String({
        pattern: "^\\d+(\\.\\d{1,18})?$",
        description: "an amount a month, as text, in the configured currency",
      }),
    ),
    jobLabels: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
  },
  closed,
);

/** Which workloads have a tier: LIKE patterns in lower case, NULL for what is not said. */
export interface TierRule {
  tier: Tier;
  cluster: string | null;
  namespace: string | null;
  workload: string | null;
  team: string | null;
}

export interface FindingsSettings {
  /** Of workloads that no rule and no annotation speaks of. */
  tier: Tier;
  /** First match wins. */
  tiers: TierRule[];
  /** Least request that is recommended: microcores and bytes. */
  floors: { cpu: number; memory: number };
  /** Parts of a million by which a request must change to be worth a change. */
  leastChange: number;
  /** Decimal text, a month. */
  leastMoney: string;
  /** Jobs without a CronJob that have one of these labels are one workload by its value. */
  jobLabels: string[];
}

export function findingsSettings(config: Static<typeof FindingsConfig>): FindingsSettings {
  const like = (glob: string | undefined) => (glob === undefined ? null : globToLike(glob));
  return {
    tier: config.tier ?? "balanced",
    tiers: (config.tiers ?? []).map(({ tier, match }) => ({
      tier,
      cluster: like(match.cluster),
      namespace: like(match.namespace),
      workload: like(match.workload),
      team: like(match.team),
    })),
    floors: {
      cpu: (config.floors?.cpuMillicores ?? 10) * 1000,
      memory: (config.floors?.memoryMiB ?? 32) * 1_048_576,
    },
    leastChange: (config.leastChange ?? 10) * 10_000,
    leastMoney: config.leastMoney ?? "5",
    jobLabels: config.jobLabels ?? [],
  };
}
