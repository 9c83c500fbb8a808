import { againstApproval, againstKeeping, againstSnooze } from "../analysis/lifecycle/rules.ts";
import { type Event, plusDays, type Role } from "../analysis/lifecycle/life.ts";
import type { Policy } from "../analysis/lifecycle/policy.ts";
import { pullRequestOf } from "../analysis/lifecycle/pull-request.ts";
import {
  nextStep,
  type Recorded,
  recorded,
  recordedAt,
  subjectOf,
  visibleTo,
} from "../analysis/lifecycle/record.ts";
import type { Principal } from "../analysis/principal.ts";
import { userInfo } from "node:os";
import { parseDay } from "../data/period.ts";
import { AppError, printable } from "../data/errors.ts";
import type { Register } from "../data/register.ts";
import {
  type Actor,
  appendEvent,
  askFor,
  type IntentAction,
  lastResult,
  subjectOf as auditSubject,
} from "../data/register/namespaces.ts";
import { auditRows } from "../data/register/audit.ts";
import { namesOf } from "../data/register/people.ts";
import type { NamespaceDetail, NamespaceRow } from "./schemas/namespaces.ts";

/** What the page, the API and the command line say and do about namespaces, once. */

export interface Desk {
  register: Register;
  policy: Policy;
  now: string;
  principal: Principal;
}

/** Rows of the namespaces a principal may see, dearest first. People are resolved, on record. */
export function namespaceRows(desk: Desk): NamespaceRow[] {
  const { register, policy, now } = desk;
  const all = visibleTo(desk.principal, recorded(register, policy));
  const names = namesFor(desk, all, "list of namespaces");
  return all.map((one) => rowOf(one, names, policy, now)).toSorted(byCost);
}

/** One namespace whole. @throws NAMESPACE_UNKNOWN, in the same words where it is another team's */
export function namespaceDetail(
  desk: Desk,
  place: { cluster: string; name: string },
): NamespaceDetail {
  const one = seenAt(desk, place);
  const { register, policy, now } = desk;
  const names = namesFor(desk, [one], "a namespace");
  const { key, seen, life } = one;
  return {
    ...rowOf(one, names, policy, now),
    uid: key.uid,
    inventoryHash: seen.hash,
    signals: seen.assessment.signals,
    holds: seen.assessment.holds,
    links: seen.creator.links.map(({ link, person, confidence, evidence }) => ({
      link,
      person: names.get(person) ?? person,
      confidence,
      evidence,
    })),
    approvals: life.approvals.map(({ by, typedBy, as, at, inventoryHash }) => ({
      by: names.get(by) ?? by,
      onTheWordOf: typedBy === undefined ? null : (names.get(typedBy) ?? typedBy),
      as,
      at,
      isValid: inventoryHash === seen.hash,
    })),
    told: [...life.told],
    backup:
      life.backup === null ? null : { at: life.backup.at, problems: [...life.backup.problems] },
    lastResult: lastResult(register, key),
    pullRequest: pullRequestOf(one),
    timeline: auditRows(register, { subject: auditSubject(key) })
      .filter(({ action, details }) => action !== "namespace.scanned" || isTurn(details))
      .slice(-100)
      .toReversed()
      .map(({ at, actor, action, details }) => ({
        at,
        actor: names.get(actor) ?? actor,
        action: action.replace("namespace.", ""),
        details: saying(details),
      })),
  };
}

/** Scans that changed nothing are on record, and not on the timeline. */
function isTurn(details: string): boolean {
  return (JSON.parse(details) as { turned?: boolean }).turned === true;
}

function saying(details: string): string {
  const { why, reason, problem, step, until, as, result } = JSON.parse(details) as Record<
    string,
    unknown
  >;
  return [
    typeof step === "number" ? `T-${step}` : null,
    as,
    reason ?? why ?? problem ?? result,
    typeof until === "string" ? `until ${until.slice(0, 10)}` : null,
  ]
    .filter((part) => typeof part === "string" && part !== "")
    .join(", ");
}

function rowOf(
  one: Recorded,
  names: ReadonlyMap<string, string>,
  policy: Policy,
  now: string,
): NamespaceRow {
  const { key, seen, life } = one;
  const { creator, assessment } = seen;
  return {
    cluster: key.cluster,
    name: key.name,
    team: seen.team ?? creator.team,
    owner: creator.person === null ? null : (names.get(creator.person) ?? creator.person),
    confidence: creator.confidence,
    ownerEvidence: creator.evidence,
    lastActivity: assessment.lastActivity,
    cost: seen.cost,
    state: life.state,
    since: life.since,
    verdict: assessment.verdict,
    why: assessment.why,
    gitops: assessment.gitops,
    next: nextStep(one, policy, now),
    scannedAt: seen.at,
  };
}

function byCost(a: NamespaceRow, b: NamespaceRow): number {
  const digits = (row: NamespaceRow) => {
    const [whole = "0", part = ""] = (row.cost?.amount ?? "-1").split(".");
    return BigInt(whole + part.padEnd(18, "0").slice(0, 18));
  };
  const [one, two] = [digits(a), digits(b)];
  return one === two
    ? `${a.cluster}/${a.name}` < `${b.cluster}/${b.name}`
      ? -1
      : 1
    : one > two
      ? -1
      : 1;
}

function namesFor(desk: Desk, all: readonly Recorded[], purpose: string): Map<string, string> {
  const ids = all.flatMap(({ seen, life }) => [
    ...(seen.creator.person === null ? [] : [seen.creator.person]),
    ...seen.creator.links.map(({ person }) => person),
    ...life.approvals.flatMap(({ by, typedBy = by }) => [by, typedBy]),
  ]);
  const people = ids.filter((id) => id.startsWith("p_"));
  return namesOf(desk.register, people, {
    at: desk.now,
    actor: desk.principal.name,
    role: desk.principal.roles.join(","),
    purpose,
  });
}

/** The namespace at a place, if the principal may see it. */
export function seenAt(desk: Desk, place: { cluster: string; name: string }): Recorded {
  const found = recordedAt(desk.register, desk.policy, place);
  const [one] = found === undefined ? [] : visibleTo(desk.principal, [found]);
  if (one === undefined)
    throw new AppError(
      "NAMESPACE_UNKNOWN",
      `no scan saw the namespace ${printable(`${place.cluster}/${place.name}`.slice(0, 320))}, or it is another team's; "apportion namespaces list" shows yours`,
    );
  return one;
}

export type Decision =
  | { action: "keep"; reason: string }
  | { action: "snooze"; until: string; reason: string }
  | { action: "approve"; as: Role; inventoryHash: string };

/**
 * What a person decides about a namespace; takes effect at once, in the register.
 * @param by the pseudonym of who decides
 * @param typedBy the pseudonym of who wrote it down, where that is another person
 * @throws NAMESPACE_REFUSED with all that stands against it
 */
export function decide(
  desk: Omit<Desk, "principal">,
  one: Recorded,
  decision: Decision,
  by: string,
  actor: Actor,
  typedBy: string = by,
): void {
  const { register, policy, now } = desk;
  const event = eventOf(desk, decision, by, typedBy);
  const { life } = one;
  const against =
    event.type === "kept"
      ? againstKeeping(life, event.until, now, policy)
      : event.type === "snoozed"
        ? againstSnooze(life, event, now, policy)
        : event.type === "approved"
          ? againstApproval(subjectOf(one), event, policy, now)
          : [];
  refuse(one, decision.action, against);
  appendEvent(register, one.key, event, actor, { evidence: one.seen.hash });
}

/** Who types, where no sign-in says it: the machine's user. */
export function machineUser(): string {
  return `local:${userInfo().username}`;
}

function eventOf(
  desk: Pick<Desk, "now" | "policy">,
  decision: Decision,
  by: string,
  typedBy: string,
): Event {
  const { now, policy } = desk;
  switch (decision.action) {
    case "keep":
      return {
        type: "kept",
        at: now,
        by,
        reason: decision.reason,
        until: plusDays(now, policy.keepDays),
      };
    case "snooze":
      return {
        type: "snoozed",
        at: now,
        by,
        reason: decision.reason,
        until: `${parseDay(decision.until, "until")}T00:00:00.000Z`,
      };
    case "approve":
      return {
        type: "approved",
        at: now,
        by,
        ...(typedBy === by ? {} : { typedBy }),
        as: decision.as,
        inventoryHash: decision.inventoryHash,
      };
  }
}

/** Asks a worker to do something in the cluster. */
export function request(desk: Desk, one: Recorded, action: IntentAction, actor: Actor): void {
  if (desk.policy.deletion === null && action !== "release" && action !== "restore")
    refuse(one, action, [
      'deleting is off: the configuration has no "namespaces.deletion" section',
    ]);
  askFor(desk.register, one.key, action, actor, desk.now);
}

/** @throws NAMESPACE_REFUSED where anything stands against it */
export function refuse(
  one: Pick<Recorded, "key">,
  action: string,
  against: readonly string[],
): void {
  if (against.length === 0) return;
  throw new AppError(
    "NAMESPACE_REFUSED",
    `${action} of ${printable(`${one.key.cluster}/${one.key.name}`)} is refused: ${against.map(printable).join("; ")}`,
  );
}
