import type { Condition, Ownership, Rule } from "../ownership.ts";
import { likes } from "./team.ts";

/** Who made a namespace, by every name they go by. */
export interface Made {
  cluster: string;
  name: string;
  creators: readonly string[];
}

/**
 * Ownership in which rules by `creator` have become rules by cluster and namespace, in the same place
 * of the list: what is attributed knows no person. A rule whose creator made nothing owns nothing.
 */
export function withCreators(ownership: Ownership, made: readonly Made[]): Ownership {
  const rules = ownership.rules.flatMap((rule) => expanded(rule, made));
  return { ...ownership, rules: rules.map((rule, index) => ({ ...rule, order: index + 1 })) };
}

function expanded(rule: Rule, made: readonly Made[]): Rule[] {
  const creators = rule.conditions.filter(({ key }) => key === "creator");
  if (creators.length === 0) return [rule];
  const others = rule.conditions.filter(({ key }) => key !== "creator");
  const theirs = made.filter((one) =>
    creators.every(({ patterns }) =>
      patterns.some((pattern) => one.creators.some((name) => likes(pattern, name.toLowerCase()))),
    ),
  );
  return [...Map.groupBy(theirs, ({ cluster }) => cluster)].map(([cluster, all]) => ({
    ...rule,
    conditions: [
      ...others,
      exactly("cluster", [cluster]),
      exactly(
        "namespace",
        all.map(({ name }) => name),
      ),
    ],
  }));
}

function exactly(key: Condition["key"], names: readonly string[]): Condition {
  return {
    key,
    name: "",
    patterns: names.map((name) => name.toLowerCase().replaceAll(/[\\%_]/g, "\\$&")),
  };
}
