import { closedBecause, type Policy } from "./policy.ts";
import { daysBetween, dueAt, ENDED, type Life, plusDays, type Role } from "./life.ts";

/** What may happen to a namespace now. Each function answers with all that stands against it, for people. */

/** A namespace as an action meets it. */
export interface Subject {
  life: Life;
  /** Which namespace of that name the life is about. */
  uid: string;
  /** ISO 8601; null where the server gives none. */
  created: string | null;
  /** Why it is protected; null where it is not. */
  protection: string | null;
}

/** What a worker saw in the cluster itself, moments ago. */
export interface Fresh {
  at: string;
  verdict: "dormant" | "active" | "unknown" | "protected";
  why: string;
  uid: string;
  resourceVersion: string;
  /** A hash of all that the namespace holds, by the cluster's own word. */
  clusterHash: string;
}

/** The message that is due now, in days before the deadline; null where none is. */
export function dueNotice(life: Life, policy: Policy, now: string): number | null {
  if (!["confirmed", "notified", "approved", "quarantined", "backed-up"].includes(life.state))
    return null;
  const next = policy.notices.find((step) => !life.told.includes(step));
  if (next === undefined) return null;
  const due = dueAt(life, next);
  return due === null || due <= now ? next : null;
}

/** Against telling the owner a step. */
export function againstNotice(
  subject: Subject,
  policy: Policy,
  step: number,
  now: string,
): string[] {
  const due = dueNotice(subject.life, policy, now);
  return [
    ...ofSubject(subject, policy, now),
    ...(due === step
      ? []
      : [due === null ? "no message is due" : `the message of T-${due} is due before T-${step}`]),
    ...(subject.life.scan?.owners.length === 0
      ? ["nobody is known to own it: it is reported and goes no further"]
      : []),
  ];
}

/** Against keeping it, or putting it off: an owner may always say so, while it is there. */
export function againstKeeping(life: Life, until: string, now: string, policy: Policy): string[] {
  return [
    ...(ENDED.includes(life.state) ? [`it is ${life.state}`] : []),
    ...(until <= now ? [`${until} is not in the future`] : []),
    ...(daysBetween(now, until) > policy.keepDays
      ? [`${until} is more than ${policy.keepDays} days away`]
      : []),
  ];
}

/** Against a snooze: as keeping, and for 90 days at most, with a reason. */
export function againstSnooze(
  life: Life,
  snooze: { until: string; reason: string },
  now: string,
  policy: Policy,
): string[] {
  return [
    ...againstKeeping(life, snooze.until, now, policy),
    ...(daysBetween(now, snooze.until) > policy.snoozeDays
      ? [`${snooze.until.slice(0, 10)} is more than ${policy.snoozeDays} days away`]
      : []),
    ...(snooze.reason.trim() === "" ? ["a reason is missing"] : []),
    ...(["notified", "confirmed", "candidate", "approved", "snoozed"].includes(life.state) ||
    ENDED.includes(life.state)
      ? []
      : [`it is ${life.state}, and only what its owner was told of is put off`]),
  ];
}

/** Against an approval by `by`. */
export function againstApproval(
  subject: Subject,
  approval: { by: string; typedBy?: string; as: Role; inventoryHash: string },
  policy: Policy,
  now: string,
): string[] {
  const { life } = subject;
  const { by, as, inventoryHash } = approval;
  const owners = life.scan?.owners ?? [];
  const other = life.approvals.find((one) => one.as !== as);
  return [
    ...ofSubject(subject, policy, now),
    ...(life.state === "notified" || life.state === "approved"
      ? []
      : [`it is ${life.state}; its owner is told first`]),
    ...(life.scan?.verdict === "dormant" ? [] : ["the last scan did not find it dormant"]),
    ...(life.scan?.inventoryHash === inventoryHash
      ? []
      : ["its content changed since it was shown: look at it again"]),
    ...(as === "owner" && !owners.includes(by) ? ["only its owner approves as the owner"] : []),
    ...(other?.by === by
      ? ["the second person must be another than the first"]
      : as === "second" && owners.includes(by)
        ? ["its owner approves as the owner; the second person is somebody else"]
        : []),
    // Two names typed by one person are one person.
    ...(other !== undefined && other.by !== by && typistOf(other) === typistOf(approval)
      ? [
          "both approvals would be typed by the same person; let the other one say so themselves, signed in or as their own user of the machine",
        ]
      : []),
    ...(life.scan?.gitops == null
      ? []
      : [`it is managed from ${life.scan.gitops}, which would make it again: remove it there`]),
  ];
}

const typistOf = ({ by, typedBy }: { by: string; typedBy?: string | undefined }) => typedBy ?? by;

/** Against scaling it to zero. */
export function againstQuarantine(
  subject: Subject,
  fresh: Fresh | null,
  policy: Policy,
  now: Date,
): string[] {
  const { life } = subject;
  return [
    ...ofSubject(subject, policy, now.toISOString()),
    ...closed(policy, now),
    ...(life.state === "approved" ? [] : [`it is ${life.state}, not approved`]),
    ...unapproved(life),
    ...stale(subject, fresh, policy, now),
  ];
}

/** Against taking the backup that a deletion needs. */
export function againstBackup(subject: Subject, policy: Policy, now: Date): string[] {
  const { life } = subject;
  return [
    ...ofSubject(subject, policy, now.toISOString()),
    ...(life.state === "quarantined" || life.state === "backed-up"
      ? []
      : [`it is ${life.state}, not quarantined`]),
    ...tooSoon(life, policy, now.toISOString()),
  ];
}

/** Against deleting it. Everything that must hold, whatever the state claims. */
export function againstDeletion(
  subject: Subject,
  fresh: Fresh | null,
  policy: Policy,
  now: Date,
): string[] {
  const { life } = subject;
  const at = now.toISOString();
  return [
    ...ofSubject(subject, policy, at),
    ...closed(policy, now),
    ...(life.state === "backed-up" ? [] : [`it is ${life.state}, not backed up`]),
    ...unapproved(life),
    ...tooSoon(life, policy, at),
    ...unannounced(life, policy, at),
    ...unbacked(life, fresh),
    ...stale(subject, fresh, policy, now),
    ...(life.scan?.gitops == null ? [] : [`it is managed from ${life.scan.gitops}`]),
  ];
}

/**
 * Against a run of deletions as a whole: a run that wants too many is wrong about something, so it
 * deletes none of them. `candidates` by cluster, `all` the namespaces a cluster has.
 */
export function againstRun(
  candidates: ReadonlyMap<string, number>,
  all: ReadonlyMap<string, number>,
  policy: Policy,
): string[] {
  const { deletion } = policy;
  if (deletion === null) return ["deleting is off"];
  const total = [...candidates.values()].reduce((sum, count) => sum + count, 0);
  const reasons: string[] = [];
  if (total > deletion.maxCount)
    reasons.push(`${total} namespaces would go, and at most ${deletion.maxCount} may in one run`);
  for (const [cluster, count] of candidates) {
    const of = all.get(cluster) ?? 0;
    const percent = of === 0 ? 100 : (100 * count) / of;
    // A small cluster may lose one, or it could never lose any.
    if (count > 1 && percent > deletion.maxPercent)
      reasons.push(
        `${count} of ${of} namespaces of ${cluster} would go, more than ${deletion.maxPercent} %`,
      );
  }
  return reasons;
}

/** Against restoring it from its backup. */
export function againstRestore(life: Life): string[] {
  return [
    // One that went while our answer was lost, or that somebody else took away, has its backup still.
    ...(life.state === "deleted" || life.state === "gone"
      ? []
      : [`it is ${life.state}, not deleted`]),
    ...(life.backup === null
      ? ["it has no backup"]
      : life.backup.problems.length > 0
        ? [`its backup is incomplete: ${life.backup.problems[0]}`]
        : []),
  ];
}

/** Against removing its backup: not before anybody could have missed it. */
export function againstPurge(life: Life, now: string): string[] {
  const since = life.since ?? now;
  return [
    ...(["deleted", "restored", "gone"].includes(life.state)
      ? []
      : [`it is ${life.state}, and its backup may be needed`]),
    ...(life.backup === null ? ["it has no backup"] : []),
    ...(daysBetween(since, now) < PURGE_DAYS
      ? [`it is ${life.state} since ${since.slice(0, 10)}, less than ${PURGE_DAYS} days`]
      : []),
  ];
}

const PURGE_DAYS = 30;

/** The earliest instant at which it could be deleted, as things stand; null where nothing is set in motion. */
export function earliest(life: Life, policy: Policy): string | null {
  if (life.deadline === null || ENDED.includes(life.state)) return null;
  if (life.quarantine === null || policy.deletion === null) return life.deadline;
  const quarantined = plusDays(life.quarantine.at, policy.deletion.quarantineDays);
  return quarantined > life.deadline ? quarantined : life.deadline;
}

function ofSubject({ life, created, protection }: Subject, policy: Policy, now: string): string[] {
  return [
    ...(ENDED.includes(life.state) ? [`it is ${life.state}`] : []),
    ...(protection === null ? [] : [protection]),
    ...(created === null
      ? ["its age is unknown"]
      : daysBetween(created, now) < policy.minimumAgeDays
        ? [`it is younger than ${policy.minimumAgeDays} days`]
        : []),
  ];
}

function closed(policy: Policy, now: Date): string[] {
  const why = closedBecause(policy, now);
  return why === null ? [] : [why];
}

function unapproved(life: Life): string[] {
  const hash = life.scan?.inventoryHash;
  const valid = life.approvals.filter((one) => one.inventoryHash === hash);
  const owner = valid.find(({ as }) => as === "owner");
  const second = valid.find(({ as }) => as === "second");
  return [
    ...(owner === undefined ? ["its owner has not approved what it holds now"] : []),
    ...(second === undefined ? ["no second person has approved what it holds now"] : []),
    ...(owner !== undefined &&
    second !== undefined &&
    (owner.by === second.by || typistOf(owner) === typistOf(second))
      ? ["one person approved twice"]
      : []),
    ...(life.scan?.verdict === "dormant" ? [] : ["the last scan did not find it dormant"]),
  ];
}

function tooSoon(life: Life, policy: Policy, now: string): string[] {
  const days = policy.deletion?.quarantineDays ?? 7;
  if (life.quarantine === null) return ["it is not in quarantine"];
  const over = plusDays(life.quarantine.at, days);
  return now < over ? [`its quarantine lasts until ${over.slice(0, 16)}`] : [];
}

function unannounced(life: Life, policy: Policy, now: string): string[] {
  const missing = policy.notices.filter((step) => !life.told.includes(step));
  return [
    ...(missing.length === 0
      ? []
      : [`its owner has not been told ${missing.map((step) => `T-${step}`).join(", ")}`]),
    ...(life.stopped === null ? [] : [`a message did not arrive: ${life.stopped.problem}`]),
    ...(life.deadline === null || now < life.deadline
      ? [`its deadline ${life.deadline?.slice(0, 16) ?? "is not set"} has not passed`]
      : []),
  ];
}

function unbacked(life: Life, fresh: Fresh | null): string[] {
  const { backup } = life;
  if (backup === null) return ["it has no backup"];
  return [
    ...(backup.problems.length === 0 ? [] : [`its backup is incomplete: ${backup.problems[0]}`]),
    ...(backup.inventoryHash === life.scan?.inventoryHash
      ? []
      : ["its content changed since the backup"]),
    ...(fresh === null || fresh.clusterHash === backup.clusterHash
      ? []
      : ["what the cluster holds is not what the backup holds"]),
    // Replicas are no content: what was written since is somebody's work.
    ...(life.quarantine === null || life.quarantine.clusterHash === backup.clusterHash
      ? []
      : ["its content changed since it was put to sleep"]),
  ];
}

function stale(subject: Subject, fresh: Fresh | null, policy: Policy, now: Date): string[] {
  if (fresh === null) return ["the cluster has not been looked at"];
  const minutes = (now.getTime() - Date.parse(fresh.at)) / 60_000;
  return [
    ...(fresh.uid === subject.uid
      ? []
      : [`another namespace has that name by now (${fresh.uid}, not ${subject.uid})`]),
    ...(minutes >= 0 && minutes < policy.evidenceMinutes
      ? []
      : [`the cluster was looked at ${Math.round(minutes)} minutes ago`]),
    ...(fresh.verdict === "dormant" ? [] : [`it is not dormant: ${fresh.why}`]),
  ];
}
