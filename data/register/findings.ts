import type { Register } from "../register.ts";
import { appendAudit } from "./audit.ts";

/** What was found when, and what people decided of it. Days are `YYYY-MM-DD`, UTC. */

export interface SeenFinding {
  id: string;
  firstSeen: string;
  lastSeen: string;
  /** The first day it was looked for and not found any more; null while it is open. */
  resolvedOn: string | null;
  /** The finding as it was last found, JSON. */
  finding: string;
}

export interface Dismissal {
  id: string;
  /** The last day it stays dismissed. */
  until: string;
  reason: string;
  actor: string;
  /** ISO time of the decision. */
  at: string;
}

/** Every finding there ever was, by id. */
export function seenFindings(register: Register): SeenFinding[] {
  return register.rows<SeenFinding>(
    "SELECT id, first_seen AS firstSeen, last_seen AS lastSeen, resolved_on AS resolvedOn, finding FROM finding_seen ORDER BY id",
  );
}

/** Writes findings as a build saw them; what is as it was is not written. */
export function keepFindings(register: Register, findings: readonly SeenFinding[]): void {
  register.transaction(() => {
    for (const { id, firstSeen, lastSeen, resolvedOn, finding } of findings)
      register.change(
        `INSERT INTO finding_seen VALUES ($id, $firstSeen, $lastSeen, $resolvedOn, $finding)
         ON CONFLICT (id) DO UPDATE SET first_seen = $firstSeen, last_seen = $lastSeen, resolved_on = $resolvedOn, finding = $finding`,
        { id, firstSeen, lastSeen, resolvedOn, finding },
      );
  });
}

/** Dismissals that hold on a day. */
export function dismissals(register: Register, day: string): Dismissal[] {
  return register.rows<Dismissal>(
    "SELECT id, until, reason, actor, at FROM finding_dismissed WHERE until >= $day ORDER BY id",
    { day },
  );
}

/** Dismisses a finding until a day, and puts it on record. */
export function dismissFinding(register: Register, dismissal: Dismissal, role: string): void {
  const { id, until, reason, actor, at } = dismissal;
  register.transaction(() => {
    register.change(
      `INSERT INTO finding_dismissed VALUES ($id, $until, $reason, $actor, $at)
       ON CONFLICT (id) DO UPDATE SET until = $until, reason = $reason, actor = $actor, at = $at`,
      { id, until, reason, actor, at },
    );
    appendAudit(register, {
      at,
      actor,
      role,
      action: "finding.dismiss",
      subject: `finding:${id}`,
      details: { until, reason },
    });
  });
}

/** Takes a dismissal back; false where there was none. */
export function reopenFinding(
  register: Register,
  who: { id: string; actor: string; at: string },
  role: string,
): boolean {
  const { id, actor, at } = who;
  return register.transaction(() => {
    if (register.change("DELETE FROM finding_dismissed WHERE id = $id", { id }) === 0) return false;
    appendAudit(register, {
      at,
      actor,
      role,
      action: "finding.reopen",
      subject: `finding:${id}`,
      details: {},
    });
    return true;
  });
}
