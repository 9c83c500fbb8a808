import type { Register } from "../../data/register.ts";
import { allSeen, eventsOf, type NamespaceKey } from "../../data/register/namespaces.ts";
import { namesUnlogged } from "../../data/register/people.ts";
import type { Principal } from "../principal.ts";
import type { Creator } from "./creator.ts";
import type { Made } from "./creator-rules.ts";
import { type Event, type Life, lifeOf, NEW_LIFE } from "./life.ts";
import type { Policy } from "./policy.ts";
import { dueNotice, earliest, type Subject } from "./rules.ts";
import type { Assessment } from "./signals.ts";

/** What a scan saw of a namespace, as it is noted. People by pseudonym; amounts decimal text. */
export interface Seen {
  at: string;
  created: string | null;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  hash: string;
  assessment: Assessment;
  creator: Creator;
  /** Every pseudonym of whoever answers for it; empty where nobody does. */
  owners: readonly string[];
  team: string | null;
  /** Effective cost of the newest published month. */
  cost: { month: string; currency: string; amount: string } | null;
}

/** A namespace with its life. */
export interface Recorded {
  key: NamespaceKey;
  seen: Seen;
  life: Life;
  events: Event[];
}

/** All namespaces of the last scan with their lives, and lives that ended. */
export function recorded(register: Register, policy: Policy): Recorded[] {
  const lives = new Map(
    eventsOf(register).map(({ key, events }) => [idOf(key), events as Event[]] as const),
  );
  return allSeen(register).map(({ key, seen: noted }) => {
    const seen = noted as Seen;
    const events = lives.get(idOf(key)) ?? [];
    return { key, seen, events, life: events.length === 0 ? NEW_LIFE : lifeOf(events, policy) };
  });
}

function idOf({ cluster, name, uid }: NamespaceKey): string {
  return `${cluster}\u0000${name}\u0000${uid}`;
}

/** Who made each namespace, as far as more than its team's contacts says so. For rules, and nobody's eyes. */
export function madeBy(register: Register): Made[] {
  return allSeen(register).flatMap(({ key, seen }) => {
    const { creator, owners } = seen as Seen;
    if (creator.link === "team-contact" || creator.link === "business-unit-contact") return [];
    const creators = [...namesUnlogged(register, owners).values()];
    return creators.length === 0 ? [] : [{ cluster: key.cluster, name: key.name, creators }];
  });
}

/** One by its place; undefined where no scan saw it. */
export function recordedAt(
  register: Register,
  policy: Policy,
  place: { cluster: string; name: string },
): Recorded | undefined {
  return recorded(register, policy).find(
    ({ key }) => key.cluster === place.cluster && key.name === place.name,
  );
}

/** Those a principal may see: their teams'. Nobody's are the platform's, who reads all. */
export function visibleTo<T extends { seen: Pick<Seen, "team"> }>(
  principal: Principal,
  all: readonly T[],
): T[] {
  const { teams } = principal;
  return teams === null
    ? [...all]
    : all.filter(({ seen }) => seen.team !== null && teams.includes(seen.team));
}

/** What the rules ask about. */
export function subjectOf({ key, seen, life }: Recorded): Subject {
  return {
    life,
    uid: key.uid,
    created: seen.created,
    protection: seen.assessment.protection,
  };
}

/** What comes next for a namespace and when, for people; null where nothing is under way. */
export function nextStep(
  { life }: Pick<Recorded, "life">,
  policy: Policy,
  now: string,
): { what: string; at: string | null } | null {
  const due = dueNotice(life, policy, now);
  if (life.isScaledDown && life.state === "active")
    return { what: "its workloads are woken again", at: null };
  if (life.stopped !== null)
    return {
      what: `the message of T-${life.stopped.step} did not arrive; the clock stands still`,
      at: null,
    };
  if (life.scan?.owners.length === 0 && ["candidate", "confirmed"].includes(life.state))
    return { what: "nobody is known to own it, so it goes no further", at: null };
  if (due !== null) return { what: `its owner is told (T-${due})`, at: now };
  switch (life.state) {
    case "candidate":
      return {
        what: `confirmed after ${policy.confirmScans} scans and ${policy.confirmDays} days`,
        at: null,
      };
    case "notified":
      return {
        what:
          life.approvals.length === 0
            ? "its owner and a second person approve"
            : "a second approval",
        at: life.deadline,
      };
    case "approved":
      return { what: "quarantine", at: null };
    case "quarantined":
      return { what: "backup", at: earliest(life, policy) };
    case "backed-up":
      return { what: "deletion", at: earliest(life, policy) };
    case "kept":
    case "snoozed":
      return { what: "looked at again", at: life.until };
    default:
      return null;
  }
}
