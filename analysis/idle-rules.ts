import type { Cluster } from "./allocation.ts";
import type { Condition, Ownership } from "./ownership.ts";

/** What rules can meet, as far as is known. */
export interface RuleFacts {
  /** Of the newest published month, lower case; null where nothing is published. */
  tagKeys: readonly string[] | null;
  /** `cluster/namespace` of that month, lower case. */
  namespaces: readonly string[];
  clusters: readonly Cluster[];
  /** Whether labels of pods and of namespaces can be seen by any source; null: not known. */
  labels: boolean | null;
}

/** Rules that cannot match, each with why and what to do; a rule in force on no day any more is left alone. */
export function idleRules(ownership: Ownership, facts: RuleFacts, today: string): string[] {
  const problems: string[] = [];
  for (const rule of ownership.rules) {
    if (rule.until <= today) continue;
    const why = rule.conditions
      .map((condition) => whyNot(condition, rule.conditions, facts))
      .find((reason) => reason !== null);
    if (why !== undefined && why !== null)
      problems.push(`${rule.text} (team ${rule.team}) cannot match: ${why}`);
  }
  return problems;
}

function whyNot(condition: Condition, all: readonly Condition[], facts: RuleFacts): string | null {
  switch (condition.key) {
    case "tag":
      if (facts.tagKeys === null || facts.tagKeys.includes(condition.name)) return null;
      return `no line of the newest month has the tag "${condition.name}"; check its spelling, or tag inheritance in Azure`;
    case "label":
    case "annotation":
      if (facts.labels !== false) return null;
      return `no source tells ${condition.key}s; add a source of type kubernetes, or let kube-state-metrics show them (--metric-${condition.key}s-allowlist=pods=[*],namespaces=[*])`;
    case "cluster": {
      const names = facts.clusters.map((cluster) => cluster.name.toLowerCase());
      if (names.some((name) => matches(condition, name))) return null;
      return `no configured cluster is called so; known: ${facts.clusters.map((cluster) => cluster.name).join(", ") || "none"}`;
    }
    case "namespace": {
      if (facts.tagKeys === null || facts.namespaces.length === 0) return null;
      const clusters = all.find(({ key }) => key === "cluster");
      const found = facts.namespaces.some((place) => {
        const at = place.lastIndexOf("/");
        return (
          matches(condition, place.slice(at + 1)) &&
          (clusters === undefined || matches(clusters, place.slice(0, at)))
        );
      });
      return found
        ? null
        : "no namespace of the newest month is called so; check the pattern, or remove the rule";
    }
    default:
      return null;
  }
}

/** Whether any pattern (SQL LIKE, escaped by `\`, lower case) matches. */
function matches(condition: Condition, text: string): boolean {
  return condition.patterns.some((pattern) => likeToRegExp(pattern).test(text));
}

const literal = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

function likeToRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\(.)|[%_]|[^\\%_]/gs, (piece, escaped: string | undefined) =>
    escaped === undefined
      ? piece === "%"
        ? ".*"
        : piece === "_"
          ? "."
          : literal(piece)
      : literal(escaped),
  );
  return new RegExp(`^${source}$`, "s");
}
