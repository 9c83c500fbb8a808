import type { PrometheusClient } from "./client.ts";
import type { Matcher } from "./metrics.ts";
import { selector } from "./probe.ts";
import type { Window } from "./runs.ts";

/** A group of namespaces that is read, reduced and written before the next one is begun. */
export interface Shard {
  name: string;
  matchers: readonly Matcher[];
}

/**
 * Cuts a day into groups of namespaces of about `most` series each, so that memory holds one group.
 * kube-system comes first: its daemon sets are on every node and say which were measured. The last
 * group takes all that no other names, whatever appeared during the day.
 */
export async function shardsOf(
  client: PrometheusClient,
  window: Window,
  series: number,
  most: number,
  cluster: readonly Matcher[],
): Promise<Shard[]> {
  const whole = [{ name: "all namespaces", matchers: [] }];
  if (series <= most) return whole;
  const at = window.until - 1;
  const counts = await client.instant(
    `count by (namespace) (${selector("container_memory_working_set_bytes", cluster)})`,
    at,
  );
  const sized = new Map(counts.map(({ labels, value }) => [labels["namespace"] ?? "", value]));
  const known = await client.labelValues(
    "namespace",
    selector("container_memory_working_set_bytes", cluster),
    window.from,
    window.until - 1,
  );
  for (const name of known ?? []) if (!sized.has(name)) sized.set(name, 1);
  sized.delete("");
  return grouped(sized, most);
}

/** @param sized series by namespace */
export function grouped(sized: ReadonlyMap<string, number>, most: number): Shard[] {
  const names = [...sized.keys()].toSorted((a, b) =>
    a === "kube-system" ? -1 : b === "kube-system" ? 1 : a < b ? -1 : 1,
  );
  const groups: string[][] = [];
  let size = Infinity;
  for (const name of names) {
    const own = sized.get(name) ?? 0;
    if (size + own > most) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(name);
    size += own;
  }
  const shards: Shard[] = groups.map((group) => ({
    name: group.length === 1 ? (group[0] as string) : `${group[0]} to ${group.at(-1)}`,
    matchers: [["namespace", "=~", group.map(escaped).join("|")]],
  }));
  if (names.length > 0)
    shards.push({
      name: "all other namespaces",
      matchers: [["namespace", "!~", names.map(escaped).join("|")]],
    });
  return shards;
}

/** What asks for each half of the namespaces that matchers name; null where they name one, or none. */
export function halved(matchers: readonly Matcher[]): [Matcher[], Matcher[]] | null {
  const named = matchers.find(([label, type]) => label === "namespace" && type === "=~");
  // A namespace's name holds no bar.
  const names = named?.[2].split("|") ?? [];
  if (names.length < 2) return null;
  const middle = Math.ceil(names.length / 2);
  const of = (some: readonly string[]): Matcher[] =>
    matchers.map((matcher) => (matcher === named ? ["namespace", "=~", some.join("|")] : matcher));
  return [of(names.slice(0, middle)), of(names.slice(middle))];
}

const escaped = (name: string) => name.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
