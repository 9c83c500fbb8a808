import { describe, expect, it } from "vitest";
import { toUnits } from "../../../data/money.ts";
import {
  type Charge,
  compute,
  FindingsHome,
  type FoundRow,
  plain,
  THINGS,
  traffic,
} from "../../findings-home.ts";
import { isWhole } from "../../long.ts";
import { CLUSTER_ID, NODES, SCALE_SET, type UsedPod, usageSource } from "../../findings-usage.ts";

/** Companies of chance, taken in and built whole: what must hold of findings whatever is billed and used. */

const DAYS = Array.from({ length: 15 }, (_, index) => `2026-08-${String(17 + index)}`);
const MONTH = { from: "2026-08-01" };
const OWNERS = `teams:
  - { id: a, name: A, businessUnit: Retail, costCenter: CC-1 }
  - { id: b, name: B, businessUnit: Retail, costCenter: CC-2 }
rules:
  - { team: a, match: { namespace: "ns-0" } }
  - { team: b, match: { namespace: ["ns-1", "ns-2"] } }
  - { team: a, match: { resourceGroup: ["rg-app", "rg-stopped"] } }
`;
const CONFIG = `clusters:
  - { name: prod, resourceId: "${CLUSTER_ID}", nodeResourceGroup: MC_rg_prod_we, environment: production }
`;

/** One company a run; more where all is tested. */
const SEEDS = (
  [
    [11, "Reservation"],
    [23, "Savings Plan"],
    [37, "Reservation"],
    [41, "Savings Plan"],
    [59, "Reservation"],
    [67, "Savings Plan"],
  ] as const
).slice(0, isWhole(process.env) ? 6 : 1);

/** Numbers under a bound, the same ones of the same seed. */
function chance(seed: number): (under: number) => number {
  let state = seed;
  return (under) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * under);
  };
}

/** Workloads of three namespaces: busy and idle ones, some of them half seen or without network metrics. */
function podsOf(next: (under: number) => number): UsedPod[] {
  return Array.from({ length: 10 }, (_, index): UsedPod[] => {
    const quiet = next(2) === 0;
    const level = 20 + next(400);
    const pod: Omit<UsedPod, "node"> = {
      namespace: `ns-${next(3)}`,
      kind: next(5) === 0 ? "StatefulSet" : "Deployment",
      workload: `w${index}`,
      request: [next(6) === 0 ? 0 : 100 + next(700), 128 + next(1500)],
      cpu: quiet ? "1" : `${level} + h * ${next(20)}`,
      mem: quiet ? "60" : `${100 + next(800)} + h * ${next(8)}`,
      bytes: next(5) === 0 ? null : quiet ? 100 : 40_000,
      ...(next(4) === 0 ? { seen: 150 } : {}),
    };
    return Array.from({ length: 1 + next(2) }, (_, replica) => ({
      ...pod,
      node: (index + replica) % NODES,
    }));
  }).flat();
}

const covered = (type: "Reservation" | "Savings Plan") => ({
  CommitmentDiscountId: `/commitments/${type.toLowerCase().replace(" ", "-")}`,
  CommitmentDiscountStatus: "Used",
  CommitmentDiscountType: type,
  PricingCategory: "Committed",
});

/** Nodes at 5 a day, so many of them by reservation or savings plan at 3, and things of the cloud beside them. */
function bill(
  of: "Reservation" | "Savings Plan",
  count: number,
  things: readonly Charge[],
): Charge[] {
  const nodes = Array.from({ length: NODES }, (_, index) =>
    compute(SCALE_SET, index < count ? "3" : "5", MONTH, {
      x_SkuDetails: `{"VMName":"aks-apps-1-vmss_${index}"}`,
      Tags: '{"aks-managed-poolName":"apps"}',
      ...(index < count ? covered(of) : {}),
    }),
  );
  return [...nodes, ...things];
}

/** A server that was replaced, stopped for fifteen days, with a disk; `part` of what it costs is committed. */
function replaced(part: "none" | "half"): Charge[] {
  return [
    compute(THINGS.older, part === "none" ? "3" : "1", MONTH),
    ...(part === "none" ? [] : [compute(THINGS.older, "2", MONTH, covered("Savings Plan"))]),
    compute(THINGS.newer, "4", { from: "2026-08-16" }),
    traffic(THINGS.older, (day) => (day < "2026-08-16" ? "12" : "0.02"), MONTH),
    traffic(THINGS.newer, () => "11", { from: "2026-08-16" }),
    plain(THINGS.stoppedDisk, "0.4", "Storage", MONTH),
    compute(THINGS.stopped, "2.5", { from: "2026-08-01", until: "2026-08-14" }),
  ];
}

const sum = (rows: readonly FoundRow[], of: "paper" | "realisable" | "cost") =>
  rows.reduce((all, row) => all + toUnits(row[of]), 0n);

/** What must hold of any findings, read off the published rows alone. */
function holds(rows: readonly FoundRow[], pods: readonly UsedPod[], billed: bigint): void {
  for (const row of rows) {
    const told = JSON.parse(row.evidence) as { fact: string; value: string }[];
    expect(row.team, row.subject).not.toBe("");
    if (row.team === "__unowned__" && row.cluster === null)
      expect(row.hint, row.subject).not.toBe(null);
    expect(told.length, row.subject).toBeGreaterThan(0);
    for (const { fact, value } of told) expect(`${fact}: ${value}`).toMatch(/\S: \S/);
    expect(row.since, row.subject).toMatch(/^2026-0[5-8]-\d\d$/);
    expect(toUnits(row.cost), row.subject).toBeGreaterThan(0n);
    expect(toUnits(row.paper), row.subject).toBeLessThanOrEqual(toUnits(row.cost));
    expect(toUnits(row.realisable), row.subject).toBeLessThanOrEqual(toUnits(row.paper));
    if (row.claimed_by !== null) expect(toUnits(row.paper), row.subject).toBe(0n);
  }
  // Of a workload, and of a namespace, all together: what the dearest finding about it costs is its whole cost.
  const places = Map.groupBy(
    rows.filter((row) => row.namespace !== null),
    (row) => row.subject.split("/").slice(0, 4).join("/"),
  );
  for (const [place, about] of places) {
    const cost = about.map((row) => toUnits(row.cost)).reduce((a, b) => (a > b ? a : b));
    expect(sum(about, "paper"), place).toBeLessThanOrEqual(cost);
  }
  expect(sum(rows, "paper")).toBeLessThanOrEqual(billed);
  // What was not measured is not idle, and no gap is read as zero use.
  const idle = rows.filter((row) => /^(idle-workload|dormant-namespace)$/.test(row.kind));
  for (const row of idle)
    for (const pod of pods.filter((one) =>
      `${row.subject}/`.startsWith(
        row.kind === "dormant-namespace"
          ? `prod/${one.namespace}/`
          : `prod/${one.namespace}/${one.kind}/${one.workload}/`,
      ),
    )) {
      expect(pod.bytes, row.subject).not.toBeNull();
      expect(pod.seen ?? 300, row.subject).toBe(300);
      expect(pod.cpu, row.subject).toBe("1");
    }
  for (const row of rows.filter(({ kind }) => kind.endsWith("sized-container")))
    for (const pod of pods.filter((one) =>
      row.subject.startsWith(`prod/${one.namespace}/${one.kind}/${one.workload}/`),
    ))
      expect(pod.seen ?? 300, row.subject).toBe(300);
  // Nobody told of volumes, services or apps.
  for (const { kind } of rows)
    expect(kind).not.toMatch(
      /^(released-volume|unmounted-volume|unused-address|unused-balancer|empty-plan)$/,
    );
}

describe("findings of a company of chance", () => {
  it.each(SEEDS)(
    "of seed %s are whole, within what things cost, from what was measured, and worth less with a %s",
    async (seed, kind) => {
      const pods = podsOf(chance(seed));
      const home = await FindingsHome.make({
        owners: OWNERS,
        config: CONFIG,
        source: (folder) => usageSource(folder, DAYS, pods),
      });
      try {
        const found: FoundRow[][] = [];
        for (const count of [0, 1 + (seed % NODES)]) {
          await home.bill(bill(kind, count, replaced(count === 0 ? "none" : "half")));
          const rows = await home.findings();
          const day = 15n - BigInt(count) * 2n;
          // Thirty days of nodes, and the two servers, disk and traffic beside them.
          holds(rows, pods, (day + 8n) * 30n * 10n ** 18n);
          found.push(rows);
        }
        const [none = [], some = []] = found;
        const kinds = new Set(none.map((row) => row.kind));
        for (const kind of [
          "idle-workload",
          "oversized-container",
          "replaced-server",
          "stopped-server",
        ])
          expect(kinds).toContain(kind);
        expect(pods.some((pod) => pod.seen !== undefined && pod.bytes !== null)).toBe(true);
        expect(sum(none, "realisable")).toBeGreaterThan(0n);
        expect(sum(some, "realisable")).toBeLessThan(sum(none, "realisable"));
        // Bound to the resource: of 3.01 a day 2 are committed, and paid all the same.
        const old = (rows: readonly FoundRow[]) =>
          rows.find((row) => row.kind === "replaced-server");
        expect(toUnits(old(none)?.realisable ?? "")).toBe(toUnits("90.3"));
        expect(toUnits(old(some)?.realisable ?? "")).toBe(toUnits("30.3"));
        expect(toUnits(old(some)?.paper ?? "")).toBe(toUnits("90.3"));
        // One disk, found by its stopped server and by what is left behind: once.
        const disk = some.filter((row) => row.subject.includes("vm-old"));
        expect(sum(disk, "paper")).toBeLessThanOrEqual(sum(disk.slice(0, 1), "cost"));
      } finally {
        await home.remove();
      }
    },
    60_000,
  );
});
