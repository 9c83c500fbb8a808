import {
  apply,
  type Event,
  type Life,
  NEW_LIFE,
  plusDays,
  type Role,
} from "../../../analysis/lifecycle/life.ts";
import { type Policy, policyOf, protectionOf } from "../../../analysis/lifecycle/policy.ts";
import {
  againstApproval,
  againstBackup,
  againstDeletion,
  againstKeeping,
  againstNotice,
  againstQuarantine,
  againstRun,
  againstSnooze,
  dueNotice,
  type Fresh,
  type Subject,
} from "../../../analysis/lifecycle/rules.ts";

/** The strictest rules the configuration takes, with deleting on and no window to wait for. */
export const POLICY: Policy = policyOf({
  deletion: {
    noticeDays: 30,
    quarantineDays: 7,
    maxCount: 2,
    maxPercent: 20,
    window: {
      days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
      from: "00:00",
      until: "23:59",
    },
  },
});

/** One namespace as it is in truth, beside what we believe of it. */
export interface Place {
  name: string;
  uid: string;
  created: string;
  isProtected: boolean;
  isDormant: boolean;
  /** Counts changes of its content. */
  content: number;
  life: Life;
  isThere: boolean;
}

/** What really happened, in words of its own: the oracle reads this and no life. */
export interface Happened {
  at: string;
  what:
    | "changed"
    | "recreated"
    | "stirred"
    | "protected"
    | "told"
    | "not told"
    | "approved"
    | "kept"
    | "snoozed"
    | "scaled down"
    | "released"
    | "backup whole"
    | "backup part"
    | "deleted";
  name: string;
  uid: string;
  detail?: string;
}

const OWNER = "p_owner";

/** A cluster of a few namespaces in which anything may happen in any order. */
export class World {
  now = "2026-01-05T10:00:00.000Z";
  readonly log: Happened[] = [];
  readonly places: Place[];
  #uid = 0;

  constructor(names: readonly string[]) {
    this.places = names.map((name) => ({
      name,
      uid: `uid-${this.#uid++}`,
      created: "2025-01-01T00:00:00.000Z",
      isProtected: name.startsWith("kube-"),
      isDormant: true,
      content: 0,
      life: NEW_LIFE,
      isThere: true,
    }));
  }

  place(index: number): Place {
    const place = this.places[index % this.places.length];
    if (place === undefined) throw new Error("no namespaces");
    return place;
  }

  pass(hours: number): void {
    this.now = plusDays(this.now, hours / 24);
  }

  #happened(place: Place, what: Happened["what"], detail?: string): void {
    const { name, uid } = place;
    this.log.push({ at: this.now, what, name, uid, ...(detail === undefined ? {} : { detail }) });
  }

  #record(place: Place, event: Event): void {
    place.life = apply(place.life, event, POLICY);
  }

  subject(place: Place): Subject {
    const { life, uid, created, name, isProtected } = place;
    const annotations: Record<string, string> = isProtected ? { "kor/used": "true" } : {};
    return {
      life,
      uid,
      created,
      protection: protectionOf(POLICY, { name, labels: {}, annotations }),
    };
  }

  // What people and programs do in the cluster, without asking us.

  change(place: Place): void {
    place.content += 1;
    this.#happened(place, "changed");
  }

  stir(place: Place, isDormant: boolean): void {
    place.isDormant = isDormant;
    if (!isDormant) this.#happened(place, "stirred");
  }

  protect(place: Place, isProtected: boolean): void {
    place.isProtected = isProtected || place.name.startsWith("kube-");
    if (place.isProtected) this.#happened(place, "protected");
  }

  recreate(place: Place): void {
    place.uid = `uid-${this.#uid++}`;
    place.created = this.now;
    place.isThere = true;
    this.#happened(place, "recreated");
  }

  // What we do. Each asks the rules first, as the commands do.

  scan(place: Place): void {
    if (!place.isThere) return;
    const { life } = place;
    if (life.until !== null && life.until <= this.now)
      this.#record(place, { type: "lapsed", at: this.now });
    if (this.#known.get(place.name) !== place.uid) {
      // Another namespace of that name: a life of its own.
      this.#known.set(place.name, place.uid);
      place.life = NEW_LIFE;
    }
    this.#record(place, {
      type: "scanned",
      at: this.now,
      verdict: place.isProtected ? "protected" : place.isDormant ? "dormant" : "active",
      why: "a test",
      inventoryHash: `hash-${place.uid}-${place.content}`,
      owners: [OWNER],
      gitops: null,
    });
  }
  readonly #known = new Map<string, string>();

  notify(place: Place, arrives: boolean): void {
    const step = dueNotice(place.life, POLICY, this.now);
    if (step === null || againstNotice(this.subject(place), POLICY, step, this.now).length > 0)
      return;
    const at = this.now;
    this.#happened(place, arrives ? "told" : "not told", String(step));
    this.#record(
      place,
      arrives
        ? { type: "delivered", at, step }
        : { type: "undelivered", at, step, problem: "451 later" },
    );
  }

  keep(place: Place): void {
    const until = plusDays(this.now, POLICY.keepDays);
    if (againstKeeping(place.life, until, this.now, POLICY).length > 0) return;
    this.#happened(place, "kept");
    this.#record(place, { type: "kept", at: this.now, by: OWNER, reason: "needed", until });
  }

  snooze(place: Place, days: number): void {
    const until = plusDays(this.now, days);
    if (againstSnooze(place.life, { until, reason: "later" }, this.now, POLICY).length > 0) return;
    this.#happened(place, "snoozed", until);
    this.#record(place, { type: "snoozed", at: this.now, by: OWNER, reason: "later", until });
  }

  approve(place: Place, by: string, as: Role, seen: number): void {
    const inventoryHash = `hash-${place.uid}-${seen}`;
    const approval = { by, as, inventoryHash };
    if (againstApproval(this.subject(place), approval, POLICY, this.now).length > 0) return;
    this.#happened(place, "approved", `${by} ${as}`);
    this.#record(place, { type: "approved", at: this.now, ...approval });
  }

  /** A look into the cluster; `late` minutes pass before it is used. */
  fresh(place: Place, late: number): Fresh {
    const fresh: Fresh = {
      at: this.now,
      verdict: place.isProtected ? "protected" : place.isDormant ? "dormant" : "active",
      why: "a test",
      uid: place.uid,
      resourceVersion: String(place.content),
      clusterHash: `cluster-${place.uid}-${place.content}`,
    };
    this.pass(late / 60);
    return fresh;
  }

  quarantine(place: Place, late: number): void {
    const fresh = this.fresh(place, late);
    const against = againstQuarantine(this.#known1(place), fresh, POLICY, new Date(this.now));
    if (against.length > 0) return;
    this.#happened(place, "scaled down");
    const { clusterHash } = fresh;
    const inventoryHash = place.life.scan?.inventoryHash ?? "";
    this.#record(place, {
      type: "quarantined",
      at: this.now,
      by: "worker",
      inventoryHash,
      clusterHash,
    });
  }

  release(place: Place): void {
    if (!place.life.isScaledDown) return;
    this.#happened(place, "released");
    this.#record(place, { type: "released", at: this.now, by: OWNER });
  }

  backUp(place: Place, isWhole: boolean): void {
    if (againstBackup(this.#known1(place), POLICY, new Date(this.now)).length > 0) return;
    this.#happened(place, isWhole ? "backup whole" : "backup part", String(place.content));
    this.#record(place, {
      type: "backed-up",
      at: this.now,
      inventoryHash: place.life.scan?.inventoryHash ?? "",
      clusterHash: `cluster-${place.uid}-${place.content}`,
      path: "backups/x",
      sha256: "0",
      problems: isWhole ? [] : ["secrets: 403"],
    });
  }

  /** One run over all: what may go goes, or none where that is too many. */
  deleteRun(late: number): "aborted" | number {
    const looks = this.places
      .filter(({ isThere }) => isThere)
      .map((place) => ({ place, fresh: this.fresh(place, 0) }));
    this.pass(late / 60);
    const ready = looks.filter(
      ({ place, fresh }) =>
        againstDeletion(this.#known1(place), fresh, POLICY, new Date(this.now)).length === 0,
    );
    const all = this.places.filter(({ isThere }) => isThere).length;
    const counts = new Map([["prod", ready.length]]);
    if (againstRun(counts, new Map([["prod", all]]), POLICY).length > 0) return "aborted";
    for (const { place, fresh } of ready) {
      this.#happened(place, "deleted", fresh.at);
      this.#record(place, { type: "deleted", at: this.now, by: "worker", resourceVersion: "1" });
      place.isThere = false;
    }
    return ready.length;
  }

  /** The subject as it is known: with the uid that was scanned. */
  #known1(place: Place): Subject {
    return { ...this.subject(place), uid: this.#known.get(place.name) ?? "" };
  }
}
