import type { SeenFinding } from "../../../data/register/findings.ts";
import { addDays } from "../../../data/period.ts";

/** A finding as a build has it, and what is known of it from builds before. */
export interface Dated {
  id: string;
  firstSeen: string;
  lastSeen: string;
  resolvedOn: string | null;
}

/**
 * Findings over time. What is found now is open, since when it was first found; what was found before and
 * is not found now is resolved, from the day after it was last seen on, but only where it was looked for:
 * data that stopped coming, or went back in time, resolves nothing. One that comes back is the same
 * finding, open again.
 *
 * @param today the newest day looked at
 * @param lookedAt whether an earlier finding's place was looked at this time
 */
export function dated(
  seen: readonly SeenFinding[],
  current: ReadonlySet<string>,
  today: string,
  lookedAt: (finding: SeenFinding) => boolean,
): Dated[] {
  const known = new Map(seen.map((finding) => [finding.id, finding]));
  const open = [...current].map((id): Dated => {
    const before = known.get(id);
    return {
      id,
      firstSeen: before?.firstSeen ?? today,
      lastSeen: before === undefined || before.lastSeen < today ? today : before.lastSeen,
      resolvedOn: null,
    };
  });
  const gone = seen
    .filter((finding) => !current.has(finding.id))
    .map((finding): Dated => {
      const { id, firstSeen, lastSeen } = finding;
      if (finding.resolvedOn !== null || lastSeen > today || !lookedAt(finding))
        return { id, firstSeen, lastSeen, resolvedOn: finding.resolvedOn };
      // Found and not found on the same day's data: the bill or the settings changed since.
      const resolvedOn = lastSeen < today ? addDays(lastSeen, 1) : today;
      return { id, firstSeen, lastSeen, resolvedOn };
    });
  return [...open, ...gone].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** What the bill shows as saved since a finding was resolved, in 10^-18: what it cost a day before, less what it costs now. */
export function savedSince(monthly: bigint, days: readonly bigint[]): bigint {
  const before = (monthly * BigInt(days.length)) / 30n;
  const since = days.reduce((sum, cost) => sum + cost, 0n);
  return before > since ? before - since : 0n;
}
