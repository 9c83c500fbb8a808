import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  nodesFreed,
  nodesNeeded,
  type PoolLoad,
  type PoolPod,
} from "../../../analysis/findings/money/repack.ts";

const RUNS = { numRuns: 300 };

const node = (id: string, cpu = 4000, mem = 16_384, gpu = 0) => ({ id, cpu, mem, gpu });
const pod = (workload: string, cpu: number, mem: number, more: Partial<PoolPod> = {}): PoolPod => ({
  workload,
  cpu,
  mem,
  gpu: 0,
  daemon: false,
  pinned: null,
  ...more,
});
const load = (
  nodes: number,
  pods: PoolPod[],
  more: Partial<Pick<PoolLoad, "maxPods" | "together">> = {},
): PoolLoad => ({
  nodes: Array.from({ length: nodes }, (_, index) => node(`n${index}`)),
  pods,
  maxPods: 110,
  together: new Map(),
  ...more,
});
const times = (count: number, one: PoolPod) => Array.from({ length: count }, () => one);

describe("a re-pack of a pool", () => {
  it("needs what fits into nine tenths of each node", () => {
    // 3,600 of 4,000 millicores are filled: seven of 500 a node, and not eight.
    expect(nodesNeeded(load(5, times(7, pod("web", 500, 100))))).toBe(1);
    expect(nodesNeeded(load(5, times(8, pod("web", 500, 100))))).toBe(2);
    expect(nodesNeeded(load(5, times(4, pod("db", 100, 4000))))).toBe(2);
  });

  it("keeps every DaemonSet on every node", () => {
    const daemons = times(5, pod("agent", 600, 100, { daemon: true }));
    // 3,000 are left of each node: three of 900.
    expect(nodesNeeded(load(5, [...daemons, ...times(6, pod("web", 900, 100))]))).toBe(2);
    expect(nodesNeeded(load(5, times(8, pod("web", 900, 100))))).toBe(2);
  });

  it("keeps to the most pods of a node, to what stays apart, and to what nobody may move", () => {
    const small = times(6, pod("web", 10, 10));
    expect(nodesNeeded(load(6, small))).toBe(1);
    expect(nodesNeeded(load(6, small, { maxPods: 2 }))).toBe(3);
    expect(nodesNeeded(load(6, small, { together: new Map([["web", 1]]) }))).toBe(6);
    const pinned = [pod("db", 10, 10, { pinned: "n3" }), pod("db", 10, 10, { pinned: "n4" })];
    expect(nodesNeeded(load(6, [...pinned, ...small]))).toBe(2);
  });

  it("frees nothing when something fits nowhere, and always leaves a node", () => {
    expect(nodesNeeded(load(3, [pod("huge", 9000, 10)]))).toBe(3);
    expect(nodesNeeded(load(3, [pod("gpu", 10, 10, { gpu: 1 })]))).toBe(3);
    expect(nodesNeeded(load(3, []))).toBe(1);
    expect(nodesNeeded(load(0, []))).toBe(0);
  });

  it("frees only what is free at every hour asked about", () => {
    const busy = load(4, times(14, pod("web", 1000, 10)));
    const quiet = load(4, times(3, pod("web", 1000, 10)));
    const less = (one: PoolLoad) => ({
      ...one,
      pods: one.pods.map((p) => ({ ...p, cpu: p.cpu / 2 })),
    });
    // Three of 1,000 a node today, so fourteen do not fit and all four stay; halved they take two.
    expect(nodesFreed([{ now: busy, then: less(busy) }])).toBe(2);
    expect(nodesFreed([busy, quiet].map((now) => ({ now, then: less(now) })))).toBe(0);
    expect(nodesFreed([])).toBe(0);
  });

  const pods = fc.array(
    fc.record({
      workload: fc.constantFrom("a", "b", "c", "d"),
      cpu: fc.integer({ min: 0, max: 3000 }),
      mem: fc.integer({ min: 0, max: 12_000 }),
      daemon: fc.constant(false),
      pinned: fc.option(fc.constantFrom("n0", "n1", "n9"), { freq: 6 }),
    }),
    { maxLength: 40 },
  );

  it("is never more nodes than there are, and never fewer than the sum of requests takes", () => {
    fc.assert(
      fc.property(pods, fc.integer({ min: 1, max: 12 }), (made, count) => {
        const all = load(
          count,
          made.map((one) => ({ ...one, gpu: 0 })),
        );
        const needed = nodesNeeded(all);
        expect(needed).toBeLessThanOrEqual(count);
        const cpu = made.reduce((sum, one) => sum + one.cpu, 0);
        const mem = made.reduce((sum, one) => sum + one.mem, 0);
        const least = Math.max(Math.ceil(cpu / 3600), Math.ceil(mem / 14_745), 1);
        // Pinned pods stay even where a node is over its fill, so the bound is of those that move.
        if (made.every((one) => one.pinned === null))
          expect(needed).toBeGreaterThanOrEqual(Math.min(count, least));
      }),
      RUNS,
    );
  });

  it("does not depend on the order of pods and nodes", () => {
    fc.assert(
      fc.property(pods, (made) => {
        const all = load(
          8,
          made.map((one) => ({ ...one, gpu: 0 })),
        );
        const turned = { ...all, pods: all.pods.toReversed(), nodes: all.nodes.toReversed() };
        expect(nodesNeeded(turned)).toBe(nodesNeeded(all));
      }),
      RUNS,
    );
  });
});
