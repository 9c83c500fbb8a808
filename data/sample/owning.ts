import { clusterNames } from "./clusters.ts";
import { ownerOn, PRODUCT_TEAMS, TEAMS, UNOWNED } from "./teams.ts";
import type { Scraped } from "./series.ts";
import { upOn } from "./shares.ts";
import { HANDED_OVER } from "./specials.ts";
import { DAY } from "./time.ts";

/** Namespaces that a rule gives to the platform team by name. */
export const PLATFORM_NAMESPACES: readonly string[] = [
  "default",
  "ingress-nginx",
  "kube-system",
  "monitoring",
];

const LABEL = "team";
const IDS = new Set(TEAMS.map((team) => team.id));

/**
 * Whose a consumer's cost is on a day, as the rules of `owners.yaml` say it: the label of the pod template, then of the
 * namespace (each as it was longest that day, where Prometheus saw it), then the namespace's name. A sentinel has no owner.
 */
export function ownerOf(scraped: Scraped, consumer: string, day: number, date: string): string {
  const [namespace = "", kind, name] = consumer.split("\n");
  if (kind === undefined) return namespace;
  const label = podLabel(scraped, namespace, kind, name ?? "", day);
  const labelled = label ?? namespaceLabel(scraped, namespace, day);
  if (labelled !== undefined && IDS.has(labelled)) return ownerOn(labelled, date);
  const { environment } = scraped.cluster;
  if (namespace === HANDED_OVER.namespace && environment === HANDED_OVER.environment)
    return date < HANDED_OVER.day ? HANDED_OVER.before : HANDED_OVER.after;
  const team = PRODUCT_TEAMS.find((id) => namespace.startsWith(`${id}-`));
  if (team !== undefined) return ownerOn(team, date);
  return PLATFORM_NAMESPACES.includes(namespace) ? "platform" : UNOWNED;
}

function podLabel(
  scraped: Scraped,
  namespace: string,
  kind: string,
  name: string,
  day: number,
): string | undefined {
  if (upOn(scraped, day).length === 0) return undefined;
  return scraped.pods.workloads.find(
    (one) => one.namespace === namespace && one.kind === kind && one.name === name,
  )?.labels[LABEL];
}

function namespaceLabel(scraped: Scraped, namespace: string, day: number): string | undefined {
  const up = upOn(scraped, day);
  const held = new Map<string | undefined, number>();
  for (const one of scraped.namespaces) {
    if (one.name !== namespace) continue;
    one.labels.forEach(({ from, labels }, index) => {
      const until = one.labels[index + 1]?.from ?? one.until ?? Infinity;
      let seconds = 0;
      for (const stretch of up)
        seconds += Math.max(
          0,
          Math.min(stretch.until, until) - Math.max(stretch.from, from, day * DAY),
        );
      if (seconds > 0) held.set(labels[LABEL], (held.get(labels[LABEL]) ?? 0) + seconds);
    });
  }
  let best: string | undefined;
  let longest = 0;
  // They come in order of time, so a tie goes to the later one.
  for (const [value, seconds] of held) if (seconds >= longest) [best, longest] = [value, seconds];
  return best;
}

/** What the configuration calls a cluster. */
export function clusterId(environment: string): string {
  return clusterNames(environment).name;
}
