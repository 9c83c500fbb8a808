/**
 * A namespace's life as a pure state machine:
 *
 *   active → candidate → confirmed → notified → (kept | snoozed | approved)
 *     → quarantined → backed-up → deleted → (restored | purged)
 *
 * What happened is a list of events, and a life is their fold: `apply` never refuses, so that a
 * recorded history always reads. Whether something may happen is asked before, of `rules.ts`.
 * Fresh activity, missing data or protection brings any state on the way back to `active`; what an
 * owner said (kept, snoozed) holds until its day, and is then looked at afresh.
 */

export const STATES = [
  "active",
  "candidate",
  "confirmed",
  "notified",
  "kept",
  "snoozed",
  "approved",
  "quarantined",
  "backed-up",
  "deleted",
  "restored",
  "purged",
  /** Somebody else took it away. */
  "gone",
] as const;
export type State = (typeof STATES)[number];

/** In which the namespace is there no more, or is another one by now. */
export const ENDED: readonly State[] = ["deleted", "restored", "purged", "gone"];

/** What one look at a namespace said. `unknown` and `protected` count as activity. */
export type Verdict = "dormant" | "active" | "unknown" | "protected";

export type Role = "owner" | "second";

/** What happened. Times are ISO 8601 UTC; people are their pseudonymous ids. */
export type Event =
  | {
      type: "scanned";
      at: string;
      verdict: Verdict;
      why: string;
      inventoryHash: string;
      owners: readonly string[];
      /** What is managed from a repository is taken away there: this names it. */
      gitops: string | null;
    }
  | { type: "delivered"; at: string; step: number }
  | { type: "undelivered"; at: string; step: number; problem: string }
  | { type: "kept"; at: string; by: string; reason: string; until: string }
  | { type: "snoozed"; at: string; by: string; reason: string; until: string }
  /** A snooze or a keep ended. */
  | { type: "lapsed"; at: string }
  /** `typedBy` where another person wrote it down: their word, and marked as that. */
  | { type: "approved"; at: string; by: string; typedBy?: string; as: Role; inventoryHash: string }
  | { type: "quarantined"; at: string; by: string; inventoryHash: string; clusterHash: string }
  /** The workloads have their replicas again. */
  | { type: "released"; at: string; by: string }
  | {
      type: "backed-up";
      at: string;
      inventoryHash: string;
      clusterHash: string;
      path: string;
      sha256: string;
      problems: readonly string[];
    }
  | { type: "deleted"; at: string; by: string; resourceVersion: string }
  | { type: "restored"; at: string; by: string; uid: string }
  | { type: "purged"; at: string }
  | { type: "gone"; at: string };

export interface Life {
  state: State;
  since: string | null;
  why: string;
  /** Of the unbroken run of dormant scans: its first and how many. */
  dormantSince: string | null;
  scans: number;
  scan: {
    at: string;
    verdict: Verdict;
    inventoryHash: string;
    owners: readonly string[];
    gitops: string | null;
  } | null;
  /** Messages that arrived, in days before the deadline. */
  told: readonly number[];
  /** Before this nothing is deleted; null until the first message has arrived. */
  deadline: string | null;
  /** The message that did not arrive, while it has not: the clock stands still. */
  stopped: { at: string; step: number; problem: string } | null;
  until: string | null;
  approvals: readonly {
    by: string;
    typedBy?: string;
    as: Role;
    at: string;
    inventoryHash: string;
  }[];
  quarantine: { at: string; inventoryHash: string; clusterHash: string } | null;
  /** The workloads stand at zero by our doing, whatever the state. */
  isScaledDown: boolean;
  backup: {
    at: string;
    inventoryHash: string;
    clusterHash: string;
    path: string;
    sha256: string;
    problems: readonly string[];
  } | null;
  /** The namespace that a restore made. */
  successor: string | null;
}

export const NEW_LIFE: Life = {
  state: "active",
  since: null,
  why: "not looked at yet",
  dormantSince: null,
  scans: 0,
  scan: null,
  told: [],
  deadline: null,
  stopped: null,
  until: null,
  approvals: [],
  quarantine: null,
  isScaledDown: false,
  backup: null,
  successor: null,
};

const DAY = 86_400_000;

/** When a step must be told: `step` days before the deadline; the first at once. */
export function dueAt(life: Life, step: number): string | null {
  return life.deadline === null ? null : plusDays(life.deadline, -step);
}

export function plusDays(at: string, days: number): string {
  return new Date(Date.parse(at) + days * DAY).toISOString();
}

/** Whole and part days between two instants. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY;
}

/** What a life is after all that happened. */
export function lifeOf(events: readonly Event[], confirm: Confirm): Life {
  return events.reduce((life, event) => apply(life, event, confirm), NEW_LIFE);
}

/** When a run of dormant scans is believed: elapsed time as well as counts. */
export interface Confirm {
  confirmScans: number;
  confirmDays: number;
}

/** One event further. Pure; what cannot follow is prevented by `rules.ts`, not here. */
export function apply(life: Life, event: Event, confirm: Confirm): Life {
  const to = (state: State, why: string): Life => ({
    ...life,
    state,
    why,
    since: state === life.state ? life.since : event.at,
  });
  switch (event.type) {
    case "scanned":
      return scanned(life, event, confirm);
    case "delivered": {
      const deadline = plusDays(event.at, event.step);
      const told = {
        told: [...life.told, event.step],
        // A message that came late moves the deadline; none ever brings it nearer.
        deadline: life.deadline === null || deadline > life.deadline ? deadline : life.deadline,
        stopped: null,
      };
      return life.state === "confirmed"
        ? { ...to("notified", "its owner has been told"), ...told }
        : { ...life, ...told };
    }
    case "undelivered":
      return {
        ...life,
        // One that came back counts as never sent, and so do those after it.
        told: life.told.filter((step) => step > event.step),
        stopped: { at: event.at, step: event.step, problem: event.problem },
      };
    case "kept":
      return {
        ...to("kept", `kept: ${event.reason}`),
        ...NOT_GOING,
        until: event.until,
      };
    case "snoozed":
      return {
        ...to("snoozed", `put off: ${event.reason}`),
        ...NOT_GOING,
        until: event.until,
      };
    case "lapsed":
      return life.state === "kept"
        ? { ...to("active", "the time it was kept for is over"), ...FORGOTTEN }
        : life.dormantSince === null
          ? { ...to("active", "it was used while it was put off"), ...FORGOTTEN }
          : { ...to("notified", "the time it was put off for is over"), ...NOT_GOING };
    case "approved": {
      const approvals = [
        ...life.approvals.filter(({ as }) => as !== event.as),
        {
          by: event.by,
          ...(event.typedBy === undefined ? {} : { typedBy: event.typedBy }),
          as: event.as,
          at: event.at,
          inventoryHash: event.inventoryHash,
        },
      ];
      return approvals.length === 2
        ? { ...to("approved", "its owner and a second person agreed"), approvals }
        : { ...life, approvals };
    }
    case "quarantined":
      return {
        ...to("quarantined", "its workloads are scaled to zero"),
        quarantine: {
          at: event.at,
          inventoryHash: event.inventoryHash,
          clusterHash: event.clusterHash,
        },
        isScaledDown: true,
        backup: null,
      };
    case "released":
      return {
        ...to("active", "its workloads run again"),
        ...FORGOTTEN,
        isScaledDown: false,
      };
    case "backed-up": {
      const { at, inventoryHash, clusterHash, path, sha256, problems } = event;
      const backup = { at, inventoryHash, clusterHash, path, sha256, problems };
      return problems.length === 0
        ? { ...to("backed-up", "all of it is in the backup"), backup }
        : { ...to("quarantined", `the backup is incomplete: ${problems[0] ?? ""}`), backup };
    }
    case "deleted":
      return { ...to("deleted", `deleted by ${event.by}`), isScaledDown: false };
    case "restored":
      return { ...to("restored", `restored by ${event.by}`), successor: event.uid };
    case "purged":
      return { ...to("purged", "its backup has been removed"), backup: null };
    case "gone":
      return to("gone", "somebody else removed it");
  }
}

/** What no longer holds once a namespace is not on its way out. */
const NOT_GOING = {
  told: [],
  deadline: null,
  stopped: null,
  until: null,
  approvals: [],
  quarantine: null,
  backup: null,
} as const satisfies Partial<Life>;

const FORGOTTEN = { ...NOT_GOING, dormantSince: null, scans: 0 } as const;

function scanned(life: Life, event: Extract<Event, { type: "scanned" }>, confirm: Confirm): Life {
  const { at, verdict, inventoryHash, owners, gitops } = event;
  const scan = { at, verdict, inventoryHash, owners, gitops };
  if (ENDED.includes(life.state)) return life;
  const to = (state: State, why: string): Life => ({
    ...life,
    scan,
    state,
    why,
    since: state === life.state && life.since !== null ? life.since : at,
  });
  // What an owner said holds until its day: a gap in the metrics must not have them asked again.
  if (life.state === "kept" || life.state === "snoozed")
    return verdict === "dormant"
      ? { ...life, scan }
      : { ...life, scan, dormantSince: null, scans: 0 };
  if (verdict !== "dormant") return { ...to("active", event.why), ...FORGOTTEN };
  const run = {
    dormantSince: life.dormantSince ?? at,
    scans: life.scans + (life.scan?.at === at ? 0 : 1),
  };
  const believed =
    run.scans >= confirm.confirmScans && daysBetween(run.dormantSince, at) >= confirm.confirmDays;
  switch (life.state) {
    case "active":
      // Still scaled down by us: what that shows is no dormancy of its own.
      return life.isScaledDown ? { ...life, scan } : { ...to("candidate", event.why), ...run };
    case "candidate":
      return { ...to(believed ? "confirmed" : "candidate", event.why), ...run };
    case "approved":
    case "quarantined":
    case "backed-up":
      return life.approvals.every((approval) => approval.inventoryHash === inventoryHash)
        ? { ...to(life.state, life.why), ...run }
        : {
            ...to(
              life.state === "approved" ? "notified" : "active",
              "its content changed after it was approved, so the approvals are void",
            ),
            ...(life.state === "approved" ? run : FORGOTTEN),
            approvals: [],
          };
    case "notified":
      return {
        ...to(life.state, life.why),
        ...run,
        approvals: life.approvals.filter((approval) => approval.inventoryHash === inventoryHash),
      };
    default:
      return { ...to(life.state, life.why), ...run };
  }
}
