import { describe, expect, test } from "vitest";
import type { Life } from "../../../analysis/lifecycle/life.ts";
import {
  closedBecause,
  type Policy,
  policyOf,
  protectionOf,
} from "../../../analysis/lifecycle/policy.ts";
import {
  againstApproval,
  againstDeletion,
  againstNotice,
  againstQuarantine,
  againstRun,
  againstSnooze,
  type Fresh,
  type Subject,
} from "../../../analysis/lifecycle/rules.ts";
import { POLICY } from "./world.ts";

const NOW = new Date("2026-06-02T10:00:00Z");
const HASH = "h1";
const LIFE: Life = {
  state: "backed-up",
  since: "2026-06-01T00:00:00.000Z",
  why: "",
  dormantSince: "2026-03-01T00:00:00.000Z",
  scans: 60,
  scan: {
    at: "2026-06-02T09:50:00.000Z",
    verdict: "dormant",
    inventoryHash: HASH,
    owners: ["p_owner"],
    gitops: null,
  },
  told: [30, 14, 7, 1],
  deadline: "2026-06-01T00:00:00.000Z",
  stopped: null,
  until: null,
  approvals: [
    { by: "p_owner", as: "owner", at: "2026-05-01T00:00:00.000Z", inventoryHash: HASH },
    { by: "p_platform", as: "second", at: "2026-05-02T00:00:00.000Z", inventoryHash: HASH },
  ],
  quarantine: { at: "2026-05-20T00:00:00.000Z", inventoryHash: HASH, clusterHash: "c1" },
  isScaledDown: true,
  backup: {
    at: "2026-06-01T00:00:00.000Z",
    inventoryHash: HASH,
    clusterHash: "c1",
    path: "backups/x",
    sha256: "0",
    problems: [],
  },
  successor: null,
};
const SUBJECT: Subject = {
  life: LIFE,
  uid: "u1",
  created: "2025-01-01T00:00:00.000Z",
  protection: null,
};
const FRESH: Fresh = {
  at: "2026-06-02T09:59:00.000Z",
  verdict: "dormant",
  why: "",
  uid: "u1",
  resourceVersion: "7",
  clusterHash: "c1",
};

const life = (change: Partial<Life>): Subject => ({ ...SUBJECT, life: { ...LIFE, ...change } });
const scan = (change: Partial<NonNullable<Life["scan"]>>): Subject =>
  life({ scan: { ...(LIFE.scan as NonNullable<Life["scan"]>), ...change } });
const deletion = (change: Partial<NonNullable<Policy["deletion"]>>): Policy => ({
  ...POLICY,
  deletion: { ...(POLICY.deletion as NonNullable<Policy["deletion"]>), ...change },
});
const fresh = (change: Partial<Fresh>): Fresh => ({ ...FRESH, ...change });

describe("a deletion for which everything holds", () => {
  test("is not refused", () => {
    expect(againstDeletion(SUBJECT, FRESH, POLICY, NOW)).toEqual([]);
  });

  // Each row takes one thing away, and exactly what it says must stand against the deletion.
  const [owner, second] = LIFE.approvals;
  test.each<[string, Subject, Fresh | null, Policy, RegExp]>([
    ["off by default", SUBJECT, FRESH, policyOf({}), /deleting is off/],
    ["kill switch", SUBJECT, FRESH, deletion({ stop: true }), /kill switch/],
    [
      "window",
      SUBJECT,
      FRESH,
      deletion({ window: { days: ["mon"], from: "00:00", until: "23:59", holidays: [] } }),
      /outside of the window/,
    ],
    [
      "holiday",
      SUBJECT,
      FRESH,
      deletion({
        window: { days: ["tue"], from: "00:00", until: "23:59", holidays: ["2026-06-02"] },
      }),
      /holiday/,
    ],
    ["state", life({ state: "quarantined" }), FRESH, POLICY, /not backed up/],
    [
      "owner's approval",
      life({ approvals: second === undefined ? [] : [second] }),
      FRESH,
      POLICY,
      /owner has not approved/,
    ],
    [
      "second approval",
      life({ approvals: owner === undefined ? [] : [owner] }),
      FRESH,
      POLICY,
      /no second person/,
    ],
    [
      "one person twice",
      life({ approvals: [owner, { ...second, by: "p_owner" }] as Life["approvals"] }),
      FRESH,
      POLICY,
      /approved twice/,
    ],
    [
      "dormancy at the last scan",
      scan({ verdict: "unknown" }),
      FRESH,
      POLICY,
      /did not find it dormant/,
    ],
    ["dormancy now", SUBJECT, fresh({ verdict: "active" }), POLICY, /not dormant/],
    ["fresh look", SUBJECT, null, POLICY, /has not been looked at/],
    [
      "age of the look",
      SUBJECT,
      fresh({ at: "2026-06-02T09:45:00.000Z" }),
      POLICY,
      /15 minutes ago/,
    ],
    [
      "a look from the future",
      SUBJECT,
      fresh({ at: "2026-06-02T10:05:00.000Z" }),
      POLICY,
      /-5 minutes ago/,
    ],
    ["uid", SUBJECT, fresh({ uid: "u2" }), POLICY, /another namespace has that name/],
    ["backup", life({ backup: null }), FRESH, POLICY, /no backup/],
    [
      "whole backup",
      life({
        backup: { ...(LIFE.backup as NonNullable<Life["backup"]>), problems: ["secrets: 403"] },
      }),
      FRESH,
      POLICY,
      /incomplete: secrets: 403/,
    ],
    [
      "backup of what is there",
      SUBJECT,
      fresh({ clusterHash: "c2" }),
      POLICY,
      /not what the backup holds/,
    ],
    ["quarantine", life({ quarantine: null }), FRESH, POLICY, /not in quarantine/],
    [
      "seven days of it",
      life({
        quarantine: { at: "2026-05-27T00:00:00.000Z", inventoryHash: HASH, clusterHash: "c1" },
      }),
      FRESH,
      POLICY,
      /lasts until 2026-06-03/,
    ],
    ["a message", life({ told: [30, 14, 1] }), FRESH, POLICY, /not been told T-7/],
    [
      "an undelivered one",
      life({ stopped: { at: "", step: 1, problem: "550" } }),
      FRESH,
      POLICY,
      /did not arrive: 550/,
    ],
    [
      "deadline",
      life({ deadline: "2026-06-02T10:00:01.000Z" }),
      FRESH,
      POLICY,
      /deadline .* has not passed/,
    ],
    ["protection", { ...SUBJECT, protection: "its name is protected" }, FRESH, POLICY, /protected/],
    [
      "age",
      { ...SUBJECT, created: "2026-05-10T00:00:00.000Z" },
      FRESH,
      POLICY,
      /younger than 30 days/,
    ],
    ["known age", { ...SUBJECT, created: null }, FRESH, POLICY, /age is unknown/],
    [
      "GitOps",
      scan({ gitops: "https://git.example.com/apps" }),
      FRESH,
      POLICY,
      /managed from https/,
    ],
  ])("is refused for the lack of its %s alone", (_, subject, look, policy, reason) => {
    const reasons = againstDeletion(subject, look, policy, NOW);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(reason);
  });

  test("is refused for all of them at once when its content changed", () => {
    expect(againstDeletion(scan({ inventoryHash: "h2" }), FRESH, POLICY, NOW)).toEqual([
      "its owner has not approved what it holds now",
      "no second person has approved what it holds now",
      "its content changed since the backup",
    ]);
  });
});

test("a run is stopped as a whole by a number or by a percentage, and one alone may go", () => {
  const run = (count: number, all: number) =>
    againstRun(new Map([["prod", count]]), new Map([["prod", all]]), POLICY);
  expect(run(2, 10)).toEqual([]);
  expect(run(3, 1000)[0]).toMatch(/3 namespaces would go, and at most 2/);
  expect(run(2, 9)[0]).toMatch(/2 of 9 namespaces of prod would go, more than 20 %/);
  expect(run(1, 2)).toEqual([]);
  expect(againstRun(new Map(), new Map(), policyOf({}))).toEqual(["deleting is off"]);
});

test("caps count over all clusters together", () => {
  const all = new Map([
    ["a", 100],
    ["b", 100],
    ["c", 100],
  ]);
  const one = new Map([
    ["a", 1],
    ["b", 1],
    ["c", 1],
  ]);
  expect(againstRun(one, all, POLICY)[0]).toMatch(/3 namespaces would go/);
});

describe("approvals", () => {
  const notified = { ...LIFE, state: "notified", approvals: [] } satisfies Life;
  const subject = { ...SUBJECT, life: notified };
  const say = (by: string, as: "owner" | "second", on: Subject = subject, hash = HASH) =>
    againstApproval(on, { by, as, inventoryHash: hash }, POLICY, NOW.toISOString());

  test("are the owner's and another person's", () => {
    expect(say("p_owner", "owner")).toEqual([]);
    expect(say("p_platform", "owner")).toEqual(["only its owner approves as the owner"]);
    const [first] = LIFE.approvals;
    const half = {
      ...subject,
      life: { ...notified, approvals: first === undefined ? [] : [first] },
    };
    expect(say("p_platform", "second", half)).toEqual([]);
    expect(say("p_owner", "second", half)).toEqual([
      "the second person must be another than the first",
    ]);
  });

  test("are about what was shown, of what its owner was told, and never of a protected one", () => {
    expect(say("p_owner", "owner", subject, "h0")[0]).toMatch(/changed since it was shown/);
    expect(say("p_owner", "owner", life({ state: "confirmed" }))[0]).toMatch(/told first/);
    expect(say("p_owner", "owner", { ...subject, protection: "no" })).toEqual(["no"]);
    const git = {
      ...subject,
      life: { ...notified, scan: { ...notified.scan, gitops: "apps.git" } },
    };
    expect(say("p_owner", "owner", git as Subject)[0]).toMatch(/remove it there/);
  });
});

test("a namespace nobody owns is told to nobody and goes no further", () => {
  const confirmed = scan({ owners: [] });
  const subject = {
    ...confirmed,
    life: { ...confirmed.life, state: "confirmed", told: [], deadline: null },
  } as Subject;
  expect(againstNotice(subject, POLICY, 30, NOW.toISOString())).toEqual([
    "nobody is known to own it: it is reported and goes no further",
  ]);
});

test("a snooze is for 90 days at most and says why", () => {
  const notified: Life = { ...LIFE, state: "notified" };
  const now = "2026-06-01T00:00:00.000Z";
  const say = (until: string, reason = "busy") =>
    againstSnooze(notified, { until, reason }, now, POLICY);
  expect(say("2026-08-30T00:00:00.000Z")).toEqual([]);
  expect(say("2026-08-31T00:00:00.000Z")[0]).toMatch(/more than 90 days/);
  expect(say("2026-05-31T00:00:00.000Z")[0]).toMatch(/not in the future/);
  expect(say("2026-07-01T00:00:00.000Z", "  ")).toEqual(["a reason is missing"]);
});

test("quarantine asks for approvals, a fresh look and the window", () => {
  const approved = life({ state: "approved", quarantine: null, backup: null, isScaledDown: false });
  expect(againstQuarantine(approved, FRESH, POLICY, NOW)).toEqual([]);
  expect(againstQuarantine(approved, null, POLICY, NOW)).toEqual([
    "the cluster has not been looked at",
  ]);
  expect(againstQuarantine(approved, FRESH, policyOf({}), NOW)[0]).toMatch(/deleting is off/);
  expect(againstQuarantine(life({ state: "notified" }), FRESH, POLICY, NOW)).toEqual([
    "it is notified, not approved",
  ]);
});

test("the window closes at its minute, in UTC, whatever the machine's own time", () => {
  const open = deletion({
    window: { days: ["thu"], from: "08:00", until: "15:00", holidays: [] },
  });
  const at = (time: string) => closedBecause(open, new Date(time)) === null;
  expect(at("2026-06-04T07:59:59Z")).toBe(false);
  expect(at("2026-06-04T08:00:00Z")).toBe(true);
  expect(at("2026-06-04T14:59:59Z")).toBe(true);
  expect(at("2026-06-04T15:00:00Z")).toBe(false);
  expect(at("2026-06-05T10:00:00Z")).toBe(false);
});

describe("protection", () => {
  const of = (name: string, labels = {}, annotations = {}) =>
    protectionOf(POLICY, { name, labels, annotations });

  test.each([
    "default",
    "kube-system",
    "cattle-monitoring-system",
    "fleet-local",
    "calico-apiserver",
    "tigera-operator",
    "gatekeeper-system",
    "istio-ingress",
    "cert-manager",
    "monitoring",
    "ingress-nginx",
    "argocd",
    "flux-system",
    "velero",
  ])("covers the name %s", (name) => expect(of(name)).toMatch(/its name is protected/));

  test.each([
    ["apportion.io/protect", "true"],
    ["janitor/ttl", "forever"],
    ["kor/used", "true"],
    ["downscaler/exclude", "true"],
    ["helm.sh/resource-policy", "keep"],
  ])("covers the mark %s=%s as a label and as an annotation", (key, value) => {
    expect(of("shop", { [key]: value })).toMatch(/protects it/);
    expect(of("shop", {}, { [key]: value })).toMatch(/protects it/);
  });

  test("ends where a mark says otherwise", () => {
    expect(of("shop", {}, { "janitor/ttl": "7d" })).toBeNull();
    expect(of("shop", {}, { "apportion.io/protect": "false" })).toBeNull();
    expect(of("defaults")).toBeNull();
  });
});
