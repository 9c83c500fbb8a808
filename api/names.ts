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
