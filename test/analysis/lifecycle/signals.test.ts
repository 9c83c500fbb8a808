import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NamespaceFacts, Thing, WorkloadUsage } from "../../../analysis/lifecycle/facts.ts";
import { policyOf } from "../../../analysis/lifecycle/policy.ts";
import { assess } from "../../../analysis/lifecycle/signals.ts";

const NOW = "2026-09-01T06:00:00.000Z";
const POLICY = policyOf({});

function thing(kind: string, name: string, more: Partial<Thing> = {}): Thing {
  return { kind, name, labels: {}, annotations: {}, spec: {}, ...more };
}

const IDLE: WorkloadUsage = {
  kind: "Deployment",
  name: "web",
  lastRan: "2026-09-01T05:00:00.000Z",
  hours: 720,
  cpuP99: 2,
  cpuRequested: 250,
  memory: 120,
  memorySpread: 1,
  network: 100,
};

const DORMANT: NamespaceFacts = {
  cluster: "prod",
  name: "old-shop",
  uid: "u1",
  created: "2025-03-01T00:00:00.000Z",
  isDeleting: false,
  labels: {},
  annotations: {},
  inventory: {
    at: "2026-09-01T05:00:00.000Z",
    since: "2026-06-01T00:00:00.000Z",
    hash: "h",
    changed: { at: "2026-05-02T00:00:00.000Z", what: "Deployment web changed" },
    rolledOut: "2026-05-02T00:00:00.000Z",
    runningPods: 1,
    things: [
      thing("Deployment", "web", { spec: { replicas: 1 } }),
      thing("PersistentVolumeClaim", "data"),
    ],
  },
  usage: { coverage: 0.99, newest: "2026-09-01T05:00:00.000Z", workloads: [IDLE] },
};

const inventory = (change: Partial<NamespaceFacts["inventory"]>): NamespaceFacts => ({
  ...DORMANT,
  inventory: { ...DORMANT.inventory, ...change },
});
const usage = (change: Partial<NamespaceFacts["usage"]>): NamespaceFacts => ({
  ...DORMANT,
  usage: { ...DORMANT.usage, ...change },
});
const workload = (change: Partial<WorkloadUsage>) => usage({ workloads: [{ ...IDLE, ...change }] });
const holding = (...things: Thing[]) => inventory({ things });
const say = (facts: NamespaceFacts, commit: string | null = null) =>
  assess(facts, POLICY, NOW, () => commit);

test("a namespace in which nothing happened is dormant, with evidence for each signal", () => {
  const found = say(DORMANT);
  expect(found.verdict).toBe("dormant");
  expect(found.signals.every(({ holds, evidence }) => holds === true && evidence !== "")).toBe(
    true,
  );
  expect(found.lastActivity).toEqual({
    at: "2026-05-02T00:00:00.000Z",
    what: "Deployment web changed",
  });
  expect(found.holds).toEqual({ volumes: 1, loadBalancers: 0, workloads: 1, isEmpty: false });
});

test("one without any workload is seen and can be dormant; one with nothing at all is empty", () => {
  const empty = { ...holding(), usage: { ...DORMANT.usage, workloads: [] } };
  const found = say({ ...empty, inventory: { ...empty.inventory, runningPods: 0 } });
  expect([found.verdict, found.holds.isEmpty]).toEqual(["dormant", true]);
});

describe("activity", () => {
  test.each<[string, NamespaceFacts, RegExp]>([
    ["CPU", workload({ cpuP99: 40 }), /uses 40.0 millicores/],
    ["memory that moves", workload({ memorySpread: 30 }), /memory moves/],
    ["traffic over the probes'", workload({ network: 5_000 }), /moves 5000 bytes/],
    [
      "a cron job that fired",
      workload({ kind: "CronJob", name: "nightly" }),
      /CronJob nightly: fired/,
    ],
    [
      "a change",
      inventory({ changed: { at: "2026-08-20T00:00:00.000Z", what: "Service web created" } }),
      /Service web created on 2026-08-20/,
    ],
    ["a rollout", inventory({ rolledOut: "2026-08-20T00:00:00.000Z" }), /rolled out/],
    ["its age", { ...DORMANT, created: "2026-08-10T00:00:00.000Z" }, /22 days ago/],
    ["being deleted", { ...DORMANT, isDeleting: true }, /being deleted/],
  ])("by %s means active", (_, facts, why) => {
    const found = say(facts);
    expect(found.verdict).toBe("active");
    expect(found.why).toMatch(why);
  });
});

describe("false positives of the peers", () => {
  test("Kubecost #1917: zero bytes of a StatefulSet is a metric that is not there", () => {
    const found = say(workload({ kind: "StatefulSet", network: null }));
    expect(found.verdict).toBe("unknown");
    expect(found.why).toMatch(/network is not measured/);
  });

  test("Kubecost #2054: low traffic alone is no abandonment, CPU speaks too", () => {
    expect(say(workload({ network: 0.5, cpuP99: 300 })).verdict).toBe("active");
  });

  test("Kruize: a little CPU is no proof, and none at all is not known", () => {
    expect(say(workload({ cpuP99: 0.8, memorySpread: 40 })).why).toMatch(/memory moves/);
    expect(say(workload({ cpuP99: 0.8, network: 9_000 })).why).toMatch(/moves 9000 bytes/);
    expect(say(workload({ cpuP99: null })).verdict).toBe("unknown");
  });

  test("Datadog: five percent of what it asked for is use", () => {
    expect(say(workload({ cpuP99: 20, cpuRequested: 400 })).verdict).toBe("active");
  });

  test("kube-downscaler and kube-green: asleep by schedule is not dormant", () => {
    for (const asleep of [
      { ...DORMANT, annotations: { "downscaler/uptime": "Mon-Fri 08:00-18:00 Europe/Berlin" } },
      holding(
        thing("Deployment", "web", {
          annotations: { "downscaler/original-replicas": "3" },
          spec: { replicas: 0 },
        }),
      ),
      holding(thing("SleepInfo", "nights")),
      holding(thing("ScaledObject", "queue")),
    ])
      expect(say(asleep).why).toMatch(/sleep|wakes/);
  });

  test("kor: claims of a StatefulSet at zero replicas hold data, and are told", () => {
    const asleep = holding(
      thing("StatefulSet", "db", { spec: { replicas: 0, claimTemplates: ["data"] } }),
      thing("PersistentVolumeClaim", "data-db-0"),
    );
    const found = say({ ...asleep, usage: { ...DORMANT.usage, workloads: [] } });
    // Dormant, perhaps; never empty, and never deleted without a backup.
    expect(found.holds).toMatchObject({ volumes: 1, isEmpty: false });
  });

  test("k8s-cleaner: no pods at this moment is not emptiness", () => {
    const found = say({
      ...holding(thing("CronJob", "quarterly", { spec: { schedule: "0 3 1 */3 *" } })),
      usage: { ...DORMANT.usage, workloads: [] },
    });
    expect(found.verdict).toBe("active");
    expect(found.why).toBe("CronJob quarterly is due on 2026-10-01");
    expect(found.holds.isEmpty).toBe(false);
  });

  test("a yearly close is due; a suspended one is not, unless we suspended it; a broken schedule is not known", () => {
    const cron = (spec: Record<string, unknown>, annotations = {}) =>
      say(holding(thing("CronJob", "year-end", { spec, annotations })));
    expect(cron({ schedule: "0 0 31 12 *" }).why).toMatch(/due on 2026-12-31/);
    expect(cron({ schedule: "0 0 31 12 *", suspend: true }).verdict).toBe("dormant");
    expect(
      cron({ schedule: "0 0 31 12 *", suspend: true }, { "apportion.io/original-suspend": "false" })
        .verdict,
    ).toBe("active");
    expect(cron({ schedule: "whenever" }).verdict).toBe("unknown");
    expect(cron({ schedule: "0 0 30 2 *" }).verdict).toBe("dormant");
  });

  test("GitOps with a recent commit is kept alive; with an unknown one it is not known; with none for long it is dormant, and named", () => {
    const managed = { ...DORMANT, labels: { "argocd.argoproj.io/instance": "shop" } };
    expect(say(managed, "2026-08-30T00:00:00.000Z").verdict).toBe("active");
    expect(say(managed).verdict).toBe("unknown");
    const found = say(managed, "2026-01-30T00:00:00.000Z");
    expect([found.verdict, found.gitops]).toEqual(["dormant", "Argo CD application shop"]);
  });

  test("Kubecost turndown: being in a namespace that is not on a list of exceptions is no reason", () => {
    expect(
      say({ ...DORMANT, usage: { ...DORMANT.usage, workloads: [{ ...IDLE, cpuP99: 100 }] } })
        .verdict,
    ).toBe("active");
  });

  test("cloud-custodian: missing data is not zero", () => {
    expect(say(usage({ coverage: null, newest: null, workloads: [] })).verdict).toBe("unknown");
    expect(say(usage({ coverage: 0.8 })).why).toMatch(/covers 80 % of the time/);
    expect(say(usage({ newest: "2026-08-29T00:00:00.000Z" })).why).toMatch(/usage data ends/);
    expect(say(inventory({ at: "2026-08-29T00:00:00.000Z" })).why).toMatch(/the inventory is of/);
    expect(say(inventory({ at: null })).why).toMatch(/lacks a kind/);
    expect(say(inventory({ since: "2026-08-15T00:00:00.000Z" })).why).toMatch(
      /followed since 2026-08-15/,
    );
    expect(say({ ...DORMANT, created: null }).why).toMatch(/not known/);
  });
});

test("protection goes before every signal", () => {
  const found = say({ ...DORMANT, annotations: { "kor/used": "true" } });
  expect([found.verdict, found.why]).toEqual([
    "protected",
    "the annotation kor/used=true protects it",
  ]);
});

test("2: taking any metric away never adds a candidate", () => {
  const number = fc.oneof(
    fc.constantFrom(null, 0.5, 3, 900),
    fc.double({ min: 0.001, max: 5_000, noNaN: true }),
  );
  const usages = fc.record<WorkloadUsage>({
    kind: fc.constantFrom("Deployment", "Deployment", "StatefulSet", "CronJob"),
    name: fc.constant("w"),
    lastRan: fc.constant(NOW),
    hours: fc.constant(720),
    cpuP99: number,
    cpuRequested: number,
    memory: number,
    memorySpread: fc.constantFrom(null, 0.01, 0.01, 50),
    network: number,
  });
  const mostly = (usual: string, ...others: (string | null)[]) =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, fc.constantFrom(null, ...others));
  const old = "2025-01-01T00:00:00.000Z";
  const late = "2026-08-25T00:00:00.000Z";
  const fresh = "2026-09-01T05:00:00.000Z";
  const facts = fc
    .record({
      created: mostly(old, late),
      at: mostly(fresh, late),
      since: mostly(old, late),
      changed: mostly(old, late),
      coverage: fc.constantFrom(null, 0.5, 0.95, 1, 1),
      newest: mostly(fresh, late),
      workloads: fc.array(usages, { maxLength: 2 }),
      pods: fc.constantFrom(null, 0, 2),
    })
    .map(({ created, at, since, changed, coverage, newest, workloads, pods }): NamespaceFacts => ({
      ...DORMANT,
      created,
      inventory: {
        ...DORMANT.inventory,
        at,
        since,
        changed: changed === null ? null : { at: changed, what: "x" },
        runningPods: pods,
      },
      usage: { coverage, newest, workloads },
    }));
  // One stream of metrics gone, as a server that does not scrape it would leave it.
  const gone: ((facts: NamespaceFacts) => NamespaceFacts)[] = [
    (one) => ({ ...one, created: null }),
    (one) => ({
      ...one,
      inventory: { ...one.inventory, at: null, since: null, runningPods: null },
    }),
    (one) => ({ ...one, usage: { coverage: null, newest: null, workloads: [] } }),
    ...(["cpuP99", "memory", "memorySpread", "network"] as const).map(
      (metric) => (one: NamespaceFacts) => ({
        ...one,
        usage: {
          ...one.usage,
          workloads: one.usage.workloads.map((each) => ({ ...each, [metric]: null })),
        },
      }),
    ),
    // The request alone makes the limit lower, never higher.
    (one) => ({
      ...one,
      usage: {
        ...one.usage,
        workloads: one.usage.workloads.map((each) => ({ ...each, cpuRequested: null })),
      },
    }),
  ];
  let dormant = 0;
  fc.assert(
    fc.property(facts, fc.nat({ max: gone.length - 1 }), (one, which) => {
      const without = gone[which]?.(one) ?? one;
      if (say(one).verdict === "dormant") dormant += 1;
      else expect(say(without).verdict).not.toBe("dormant");
    }),
    { numRuns: 3_000 },
  );
  expect(dormant).toBeGreaterThan(5);
});
