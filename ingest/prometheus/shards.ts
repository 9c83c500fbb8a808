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
 * @param sizes series by namespace, as they were counted once: to count a day's costs the server a tenth
 *   of what it costs to read it
 */
export async function shardsOf(
  client: PrometheusClient,
  window: Window,
  sizes: ReadonlyMap<string, number>,
  most: number,
  cluster: readonly Matcher[],
): Promise<Shard[]> {
  const counted = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const measured = selector("container_memory_working_set_bytes", cluster);
  const known = await client.labelValues("namespace", measured, window.from, window.until - 1);
  const sized = new Map(sizes);
  // Of one that was not there when they were counted nothing is known: it is as large as the others.
  const mean = Math.max(1, Math.ceil(counted / Math.max(1, sizes.size)));
  for (const name of known ?? []) if (!sized.has(name)) sized.set(name, mean);
  sized.delete("");
  const whole = [...sized.values()].reduce((sum, size) => sum + size, 0);
  if (whole <= most) return [{ name: "all namespaces", matchers: [] }];
  return grouped(sized, most);
}

/** @param sized series by namespace */
export function grouped(sized: ReadonlyMap<string, number>, most: number): Shard[] {
  const names = [...sized.keys()].toSorted((a, b) =>
    a === "kube-system" ? -1 : b === "kube-system" ? 1 : a < b ? -1 : 1,
  );
  const groups: string[][] = [];
  let rest = [...sized.values()].reduce((sum, own) => sum + own, 0);
  let size = Infinity;
  let limit = most;
  for (const name of names) {
    const own = sized.get(name) ?? 0;
    if (size + own > limit) {
      groups.push([]);
      size = 0;
      // The first is small, so that there is something to write soon, and so is the last: nothing comes in
      // while it is written.
      limit = groups.length === 1 ? most / 3 : Math.min(most, Math.max(rest / 2, most / 3));
    }
    groups.at(-1)?.push(name);
    size += own;
    rest -= own;
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
