import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Changes, freedOf, type PoolsSeen } from "../../../analysis/findings/money/pools.ts";
import { ASSUMPTIONS } from "../../../analysis/findings/money/repack.ts";

/** A pool's re-pack from what was seen of it, held against bounds that are reckoned without packing. */

const RUNS = { numRuns: 300 };
/** Where one pool in ten is what the test is about. */
const MORE_RUNS = { numRuns: 1000 };
const [CPU, MEM] = [4000, 16_384];
const ASKED = new Set(["prod/apps"]);

interface Pool extends PoolsSeen {
  changes: Changes;
  count: number;
}

/** Pods side by side on equal nodes, no node over what it gives; some are DaemonSets', some under a budget. */
const pool = fc
  .record({
    count: fc.integer({ min: 1, max: 8 }),
    daemon: fc.record({
      cpu: fc.integer({ min: 0, max: 600 }),
      mem: fc.integer({ min: 0, max: 2000 }),
    }),
    pods: fc.array(
      fc.record({
        node: fc.nat(7),
        workload: fc.constantFrom("a", "b", "c", "d"),
        cpu: fc.integer({ min: 1, max: 1500 }),
        mem: fc.integer({ min: 1, max: 6000 }),
      }),
      { maxLength: 40 },
    ),
    budgets: fc.array(
      fc.record({
        workload: fc.option(fc.constantFrom("a", "b", "c", "d"), { freq: 8 }),
        spec: fc.oneof(
          fc.record({ minAvailable: fc.constantFrom<number | string>(0, 1, 2, "50%", "100%") }),
          fc.record({ maxUnavailable: fc.constantFrom<number | string>(0, 1, "0%", "25%") }),
        ),
      }),
      { maxLength: 2 },
    ),
    limit: fc.option(fc.integer({ min: 12, max: 40 })),
    lower: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 100 })),
    gone: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 2 }),
  })
  .map(({ count, daemon, pods, budgets, limit, lower, gone }): Pool => {
    const left = Array.from({ length: count }, () => ({
      cpu: CPU - daemon.cpu,
      mem: MEM - daemon.mem,
      pods: 11,
    }));
    const row = (
      node: number,
      workload: string,
      kind: string,
      pod: string,
      cpu: number,
      mem: number,
    ) => ({
      cluster: "prod",
      pool: "apps",
      hour: "1",
      node: `n${node}`,
      namespace: "shop",
      workload_kind: kind,
      workload,
      pod_uid: pod,
      container: "app",
      labels: JSON.stringify({ app: workload }),
      cpu,
      mem,
      gpu: 0,
    });
    const rows = pods.flatMap(({ node, workload, cpu, mem }, index) => {
      const room = left[node % count];
      if (room === undefined || room.pods === 0 || room.cpu < cpu || room.mem < mem) return [];
      room.cpu -= cpu;
      room.mem -= mem;
      room.pods--;
      return [row(node % count, workload, "Deployment", `p${index}`, cpu, mem)];
    });
    const agents = left.map((_, node) =>
      row(node, "agent", "DaemonSet", `agent${node}`, daemon.cpu, daemon.mem),
    );
    const key = (workload: string) => `prod/shop/Deployment/${workload}`;
    return {
      count,
      pods: [...rows, ...agents],
      nodes: left.map((_, node) => ({
        cluster: "prod",
        pool: "apps",
        hour: "1",
        node: `n${node}`,
        cpu: CPU,
        mem: MEM,
        gpu: 0,
      })),
      budgets: budgets.map(({ workload, spec }) => ({
        cluster: "prod",
        namespace: "shop",
        spec: { ...spec, selector: workload === null ? {} : { app: workload } },
      })),
      limits: new Map(limit === null ? [] : [["prod", limit]]),
      changes: {
        gone: new Set(gone.map(key)),
        requests: new Map(
          Object.entries(lower).map(([workload, percent]) => [
            `${key(workload)}/app`,
            { cpu: BigInt(percent * 5000), mem: BigInt(percent * 10) * 1_048_576n },
          ]),
        ),
      },
    };
  });

/** Pods that stay, by what they ask for afterwards. */
function after({ pods, changes }: Pool) {
  return pods
    .filter(
      ({ workload_kind: kind, workload }) =>
        kind === "DaemonSet" || !changes.gone.has(`prod/shop/Deployment/${workload}`),
    )
    .map((pod) => {
      const change = changes.requests.get(`prod/shop/${pod.workload_kind}/${pod.workload}/app`);
      const { cpu, mem } = change ?? {};
      return {
        ...pod,
        cpu: cpu == null ? pod.cpu : Number(cpu / 1000n),
        mem: mem == null ? pod.mem : Number(mem / 1_048_576n),
      };
    });
}

/** Whether a budget lets nobody move a pod, by what Kubernetes says of budgets. */
function held({ pods, budgets }: Pool, pod: { workload: string }): boolean {
  return budgets.some(({ spec }) => {
    const label = (spec.selector as { app?: string }).app;
    const covered = pods.filter(({ workload }) => label === undefined || workload === label);
    if (label !== undefined && pod.workload !== label) return false;
    const of = (value: number | string) =>
      typeof value === "number"
        ? value
        : Math.ceil((Number(value.slice(0, -1)) * covered.length) / 100);
    const disruptions =
      spec.maxUnavailable === undefined
        ? covered.length - of(spec.minAvailable ?? 0)
        : of(spec.maxUnavailable);
    return disruptions <= 0;
  });
}

const freed = (made: Pool) => freedOf(made, ASKED, made.changes).get("prod/apps") ?? 0;

describe("nodes that findings free", () => {
  it("are never more than the pool has but one, and never negative", () => {
    fc.assert(
      fc.property(pool, (made) => {
        expect(freed(made)).toBeGreaterThanOrEqual(0);
        expect(freed(made)).toBeLessThanOrEqual(made.count - 1);
      }),
      RUNS,
    );
  });

  it("leave room for every request, DaemonSets on every node, a tenth free, and no more pods than a node takes", () => {
    let some = 0;
    fc.assert(
      fc.property(pool, (made) => {
        const stay = made.count - freed(made);
        if (freed(made) === 0) return;
        const all = after(made);
        const agents = made.pods.filter(({ workload_kind: kind }) => kind === "DaemonSet");
        const agent = { cpu: agents[0]?.cpu ?? 0, mem: agents[0]?.mem ?? 0 };
        const loose = all.filter(({ workload_kind: kind }) => kind === "Deployment");
        // A node that a held pod keeps may be fuller than nine tenths.
        if (loose.some((pod) => held(made, pod))) return;
        some++;
        const sum = (of: "cpu" | "mem") => loose.reduce((total, pod) => total + pod[of], 0);
        expect(sum("cpu")).toBeLessThanOrEqual(stay * (CPU * 0.9 - agent.cpu));
        expect(sum("mem")).toBeLessThanOrEqual(stay * (MEM * 0.9 - agent.mem));
        const most = made.limits.get("prod") ?? 30;
        expect(loose.length).toBeLessThanOrEqual(stay * (most - 1));
      }),
      MORE_RUNS,
    );
    expect(some).toBeGreaterThan(20);
  });

  it("are none under a pod that its budget lets nobody move, and pods stay apart as they are", () => {
    let some = 0;
    fc.assert(
      fc.property(pool, (made) => {
        const stay = made.count - freed(made);
        const all = after(made).filter(({ workload_kind: kind }) => kind === "Deployment");
        const kept = new Set(all.filter((pod) => held(made, pod)).map(({ node }) => node));
        if (kept.size > 1) some++;
        expect(stay).toBeGreaterThanOrEqual(kept.size);
        for (const [workload, pods] of Map.groupBy(all, (one) => one.workload)) {
          const now = made.pods.filter((one) => one.workload === workload);
          const together = Math.max(
            ...[...Map.groupBy(now, (one) => one.node).values()].map((of) => of.length),
          );
          expect(stay).toBeGreaterThanOrEqual(Math.ceil(pods.length / together));
        }
      }),
      MORE_RUNS,
    );
    expect(some).toBeGreaterThan(20);
  });

  it("are none where nothing changes, of a pool nobody asked about, and where one hour needs all", () => {
    fc.assert(
      fc.property(pool, (made) => {
        const none = { gone: new Set<string>(), requests: new Map() };
        expect(freedOf(made, ASKED, none).get("prod/apps")).toBe(0);
        expect(freedOf(made, new Set(), made.changes).size).toBe(0);
        // At a second hour something runs that no finding changes, and fills a node each.
        const busy = made.nodes.map(({ node }) => ({
          ...(made.pods[0] as PoolsSeen["pods"][number]),
          hour: "2",
          node,
          workload_kind: "StatefulSet",
          workload: "busy",
          pod_uid: `busy-${node}`,
          cpu: CPU * 0.9,
          mem: 10,
        }));
        const nodes = [...made.nodes, ...made.nodes.map((node) => ({ ...node, hour: "2" }))];
        expect(freed({ ...made, pods: [...made.pods, ...busy], nodes })).toBe(0);
      }),
      RUNS,
    );
  });

  it("are fewer or as many with a budget more", () => {
    fc.assert(
      fc.property(pool, (made) => {
        const all = [
          ...made.budgets,
          { cluster: "prod", namespace: "shop", spec: { maxUnavailable: 0, selector: {} } },
        ];
        const kept = new Set(
          after(made)
            .filter(({ workload_kind: kind }) => kind === "Deployment")
            .map(({ node }) => node),
        );
        expect(freed({ ...made, budgets: all })).toBeLessThanOrEqual(
          made.count - Math.max(1, kept.size),
        );
      }),
      RUNS,
    );
  });

  it("keep what a budget keeps: parts of pods are rounded up, as Kubernetes does", () => {
    const row = {
      cluster: "prod",
      pool: "apps",
      hour: "1",
      namespace: "shop",
      workload_kind: "Deployment",
      container: "app",
      mem: 100,
      gpu: 0,
    };
    const pods = [0, 1, 2].map((node) => ({
      ...row,
      node: `n${node}`,
      workload: `w${node}`,
      pod_uid: `p${node}`,
      labels: `{"app":"w${node}"}`,
      cpu: 3000,
    }));
    const nodes = pods.map(({ node }) => ({ ...row, node, cpu: CPU, mem: MEM }));
    const requests = new Map(
      pods.map(({ workload }) => [
        `prod/shop/Deployment/${workload}/app`,
        { cpu: 500_000n, mem: null },
      ]),
    );
    const under = (spec: PoolsSeen["budgets"][number]["spec"], labels: object = { app: "w1" }) =>
      freedOf(
        {
          pods,
          nodes,
          budgets: [{ cluster: "prod", namespace: "shop", spec: { ...spec, selector: labels } }],
          limits: new Map(),
        },
        ASKED,
        { gone: new Set(), requests },
      ).get("prod/apps");
    expect(under({ minAvailable: 0 })).toBe(2);
    // Of three pods 50 % are two, 70 % are three, and 1 % is one. A pod that stays is where the others go.
    expect(under({ minAvailable: "100%" })).toBe(2);
    expect(under({ minAvailable: "50%" }, {})).toBe(2);
    expect(under({ minAvailable: "70%" }, {})).toBe(0);
    expect(under({ maxUnavailable: "1%" }, {})).toBe(2);
    expect(under({ maxUnavailable: 0 }, {})).toBe(0);
    expect(under({ maxUnavailable: 0 }, { app: "w9" })).toBe(2);
  });

  it("rest on assumptions that are listed, each of them tried above", () => {
    expect(ASSUMPTIONS.map((one) => one.split(" ").slice(0, 3).join(" "))).toEqual([
      "pods stay in",
      "no node is",
      "every node keeps",
      "no node takes",
      "pods of one",
      "pods whose disruption",
      "a pool keeps",
      "the busiest hour",
    ]);
  });
});
