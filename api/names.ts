import { ask, type Principal } from "../analysis/ask.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { SENTINELS } from "../data/buckets.ts";

/** Names of the teams a caller may see, as of the month's end. */
export async function teamNames(
  snapshot: Snapshot,
  principal: Principal,
  month: string,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const rows = await ask<{ team: string; name: string }>(
    snapshot,
    "teams",
    principal,
    { month },
    signal,
  );
  return new Map(rows.map((row) => [row.team, row.name]));
}

/** What people call a team or a sentinel bucket. */
export function teamName(team: string, names: ReadonlyMap<string, string>): string {
  return (SENTINELS as Record<string, string>)[team] ?? names.get(team) ?? team;
}

/**
 * What people call a key inside clusters: a cluster, a namespace without the cluster before it, or a
 * workload's kind and name. Cost outside clusters has the key "".
 */
export function placeName(by: string, key: string, names: ReadonlyMap<string, string>): string {
  if (key === "") return "Outside clusters";
  if (by === "cluster") return key;
  const workload = by === "workload" ? /[^/]*\/[^/]*$/.exec(key)?.[0] : undefined;
  const parts = key.split("/");
  const last = parts.at(-1) ?? "";
  if (last.startsWith("team:")) return `Given to ${teamName(last.slice("team:".length), names)}`;
  if (last.startsWith("__")) return teamName(last, names);
  if (by === "namespace") return last;
  return parts.length < 4 ? "No one workload's" : (workload ?? last);
}
