import { describe, expect, test } from "vitest";
import { daysBetween, NEW_LIFE } from "../../../analysis/lifecycle/life.ts";
import { policyOf, protectionOf } from "../../../analysis/lifecycle/policy.ts";
import { nextStep } from "../../../analysis/lifecycle/record.ts";
import {
  againstApproval,
  againstDeletion,
  againstNotice,
  againstQuarantine,
  dueNotice,
  earliest,
} from "../../../analysis/lifecycle/rules.ts";
import { POLICY, World } from "./world.ts";

/** What the peers do wrong on the way to a deletion, each by name; docs/peers-namespaces.md lists them. */

const NAMES = ["one", "two", "three", "four", "five"];

/** Dormant in three scans over a fortnight, its owner told. */
function notified(): World {
  const world = new World(NAMES);
  for (const days of [0, 7, 8]) {
    world.pass(24 * days);
    world.places.forEach((one) => world.scan(one));
  }
  world.places.forEach((one) => world.notify(one, true));
  return world;
}

function quarantined(): World {
  const world = notified();
  const one = world.place(0);
  world.approve(one, "p_owner", "owner", 0);
  world.approve(one, "p_platform", "second", 0);
  world.quarantine(one, 1);
  expect(one.life.state).toBe("quarantined");
  return world;
}

/** All four messages have arrived and the deadline is over. */
function due(): World {
  const world = quarantined();
  for (const days of [16, 7, 6, 2]) {
    world.pass(24 * days);
    world.notify(world.place(0), true);
  }
  world.scan(world.place(0));
  world.backUp(world.place(0), true);
  return world;
}

describe("kube-janitor", () => {
  test("a time to live alone deletes nothing: what is used stays, however old it is", () => {
    const world = new World(NAMES);
    const one = world.place(0);
    world.stir(one, false);
    for (let day = 0; day < 400; day += 20) {
      world.pass(480);
      world.scan(one);
      world.notify(one, true);
      expect([one.life.state, one.life.told]).toEqual(["active", []]);
    }
    // Its own mark is a wish to be kept, or says nothing to us.
    const marked = (value: string) =>
      protectionOf(POLICY, { name: "one", labels: {}, annotations: { "janitor/ttl": value } });
    expect([marked("forever"), marked("1h")]).toEqual([
      "the annotation janitor/ttl=forever protects it",
      null,
    ]);
  });

  test("an event nobody reads is no message: without one that arrived the clock stands", () => {
    const world = new World(NAMES);
    for (const days of [0, 7, 8]) {
      world.pass(24 * days);
      world.scan(world.place(0));
    }
    const one = world.place(0);
    for (let day = 0; day < 100; day++) {
      world.notify(one, false);
      world.pass(24);
    }
    expect([one.life.state, one.life.deadline]).toEqual(["confirmed", null]);
    world.approve(one, "p_owner", "owner", 0);
    expect(one.life.approvals).toEqual([]);
  });

  test("that somebody was told once is forgotten once it is used again", () => {
    const world = notified();
    const one = world.place(0);
    expect(one.life.told).toEqual([30]);
    world.stir(one, false);
    world.scan(one);
    expect([one.life.state, one.life.told, one.life.deadline]).toEqual(["active", [], null]);
    world.stir(one, true);
    for (const days of [1, 7, 8]) {
      world.pass(24 * days);
      world.scan(one);
    }
    expect(dueNotice(one.life, POLICY, world.now)).toBe(30);
  });
});

describe("Cloud Custodian", () => {
  test("a mark alone deletes nothing: what was refilled since is looked at again, in the same breath", () => {
    const world = due();
    const one = world.place(0);
    // Marked, agreed on, backed up, and its day has come: and now somebody uses it.
    expect(
      againstDeletion(world.subject(one), world.fresh(one, 0), POLICY, new Date(world.now)),
    ).toEqual([]);
    world.stir(one, false);
    expect(
      againstDeletion(world.subject(one), world.fresh(one, 0), POLICY, new Date(world.now)),
    ).toEqual(["it is not dormant: a test"]);
    world.stir(one, true);
    world.change(one);
    expect(
      againstDeletion(world.subject(one), world.fresh(one, 0), POLICY, new Date(world.now)),
    ).toEqual(["what the cluster holds is not what the backup holds"]);
    expect(world.deleteRun(0)).toBe(0);
  });

  test("#7034, #4097, #2384: a deletion is never earlier than what was told", () => {
    const world = quarantined();
    const one = world.place(0);
    const told = one.life.deadline ?? "";
    for (const [days, step] of [
      [16, 14],
      [7, 7],
      [6, 1],
    ] as const) {
      world.pass(24 * days);
      // Late by a few days each time, as mail is.
      world.pass(24 * 3);
      world.notify(one, true);
      expect(daysBetween(world.now, one.life.deadline ?? "")).toBeGreaterThanOrEqual(step);
    }
    expect((one.life.deadline ?? "") > told).toBe(true);
    expect(earliest(one.life, POLICY)).toBe(one.life.deadline);
  });
});

describe("Kubecost's turndown", () => {
  test("nothing is switched on by being installed: no deletion and no scaling down by default", () => {
    const world = due();
    const one = world.place(0);
    const off = policyOf({});
    expect(off.deletion).toBeNull();
    const at = new Date(world.now);
    for (const against of [
      againstQuarantine(world.subject(one), world.fresh(one, 0), off, at),
      againstDeletion(world.subject(one), world.fresh(one, 0), off, at),
    ])
      expect(against[0]).toMatch(/deleting is off/);
  });

  test("four hours are no age: nothing younger than 30 days is told of, agreed on or scaled down", () => {
    const world = notified();
    const young = {
      ...world.subject(world.place(0)),
      created: new Date(Date.parse(world.now) - 4 * 3_600_000).toISOString(),
    };
    const approval = { by: "p_owner", as: "owner", inventoryHash: "x" } as const;
    for (const against of [
      againstNotice(young, POLICY, 14, world.now),
      againstApproval(young, approval, POLICY, world.now),
      againstQuarantine(young, null, POLICY, new Date(world.now)),
    ])
      expect(against).toContain("it is younger than 30 days");
  });

  test("nobody is passed over: without an owner who is told it goes no further than confirmed", () => {
    const scan = {
      at: "2026-01-01T00:00:00.000Z",
      verdict: "dormant",
      inventoryHash: "h",
      owners: [],
      gitops: null,
    } as const;
    const life = { ...NEW_LIFE, state: "confirmed", scan } as const;
    const subject = { life, uid: "u", created: "2025-01-01T00:00:00.000Z", protection: null };
    expect(againstNotice(subject, POLICY, 30, "2026-02-01T00:00:00.000Z")).toEqual([
      "nobody is known to own it: it is reported and goes no further",
    ]);
    expect(nextStep({ life }, POLICY, "2026-02-01T00:00:00.000Z")?.what).toMatch(
      /nobody is known to own it/,
    );
  });
});

test("k8s-cleaner: a thousand scans within an hour are no fortnight", () => {
  const world = new World(NAMES);
  const one = world.place(0);
  for (let scan = 0; scan < 1_000; scan++) {
    world.scan(one);
    world.pass(0.001);
  }
  expect([one.life.state, one.life.scans]).toEqual(["candidate", 1_000]);
  world.pass(24 * 14);
  world.scan(one);
  expect(one.life.state).toBe("confirmed");
});

test("#813: what a repository would make again is removed there, by nobody's approval here", () => {
  const world = notified();
  const subject = world.subject(world.place(0));
  const { scan } = subject.life;
  if (scan === null) throw new Error("never scanned");
  const managed = {
    ...subject,
    life: { ...subject.life, scan: { ...scan, gitops: "Argo CD application shop" } },
  };
  const approval = { by: "p_owner", as: "owner", inventoryHash: scan.inventoryHash } as const;
  expect(againstApproval(managed, approval, POLICY, world.now)).toEqual([
    "it is managed from Argo CD application shop, which would make it again: remove it there",
  ]);
});
