import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCAL_ADMINISTRATOR } from "../../../analysis/principal.ts";
import { openSnapshot } from "../../../analysis/snapshot.ts";
import { showFinding } from "../../../api/findings.ts";
import { homePaths } from "../../../data/files.ts";
import { toUnits } from "../../../data/money.ts";
import { clusterFindings, nodes } from "../../findings-cluster.ts";
import type { FindingsHome, FoundRow } from "../../findings-home.ts";

const key = (row: FoundRow) => `${row.kind} ${row.subject}`;
const evidenceOf = (row: FoundRow | undefined, fact: string) =>
  (JSON.parse(row?.evidence ?? "[]") as { fact: string; value: string }[]).find(
    (one) => one.fact === fact,
  )?.value ?? "";
const sum = (rows: readonly FoundRow[], of: "paper" | "realisable" | "cost") =>
  rows.reduce((all, row) => all + toUnits(row[of]), 0n);

describe("findings of a cluster", () => {
  let home: FindingsHome;
  const found: FoundRow[][] = [];
  beforeAll(async () => {
    home = await clusterFindings();
    for (const covered of [0, 1, 3]) {
      await home.bill(nodes(covered));
      found.push(await home.findings());
    }
  }, 120_000);
  afterAll(() => home?.remove());

  it("are the idle, the dormant and the oversized; not what was not measured", () => {
    const own = (found[0] ?? []).filter((row) => row.claimed_by === null).map(key);
    expect(own).toContain("dormant-namespace prod/lab");
    expect(own).toContain("idle-workload prod/shop/Deployment/quiet");
    expect(own).toContain("oversized-container prod/shop/Deployment/web/app");
    const all = (found[0] ?? []).map(key).join("\n");
    expect(all).not.toMatch(/(idle-workload|dormant-namespace) prod\/(dark|holes|kube-system)/);
    expect(all).not.toContain("dormant-namespace prod/shop");
    // Nothing is saved by its end; that it has no requests is said.
    expect(all).not.toContain("idle-workload prod/shop/Deployment/free");
    expect(own).toContain("undersized-container prod/shop/Deployment/free/app");
  });

  it("show hour by hour what was used and asked for, and say why in words", async () => {
    const snapshot = await openSnapshot(homePaths(home.home));
    try {
      const row = (found.at(-1) ?? []).find((one) =>
        key(one).includes("container prod/shop/Deployment/web"),
      );
      const { data } = await showFinding(
        {
          snapshot,
          principal: LOCAL_ADMINISTRATOR,
          dismissals: [],
          currency: "EUR",
          signal: new AbortController().signal,
        },
        row?.id ?? "",
      );
      expect(data.hours).toHaveLength(16 * 24);
      expect(data.hours[29]).toEqual({
        at: Date.parse("2026-08-17T05:00:00Z") / 1000,
        pods: 2,
        cpuAverage: 225_000,
        cpuMax: 225_000,
        memAverage: 750 * 1024,
        memMax: 750 * 1024,
        cpuRequest: 2_000_000,
        memRequest: 4096 * 1024,
        cpuLimit: null,
        memLimit: null,
        oomKills: 0,
        throttledMs: 0,
      });
      expect(data.why.map(({ code }) => code)).toEqual([
        data.recommendation?.class,
        ...(data.recommendation?.reasons ?? []),
      ]);
      expect(data.why[0]).toEqual({
        code: "steady",
        meaning: "even, or without any pattern of the other classes",
      });
    } finally {
      await snapshot.pool.close();
    }
  });

  it("claim a euro once: what is idle is not also oversized, what is dormant not also idle", () => {
    const rows = found[0] ?? [];
    const byKey = new Map(rows.map((row) => [key(row), row]));
    const dormant = byKey.get("dormant-namespace prod/lab");
    expect(byKey.get("idle-workload prod/lab/Deployment/forgotten")).toMatchObject({
      claimed_by: dormant?.id,
    });
    for (const row of rows) {
      expect(toUnits(row.paper), key(row)).toBeLessThanOrEqual(toUnits(row.cost));
      expect(toUnits(row.realisable), key(row)).toBeLessThanOrEqual(toUnits(row.paper));
      if (row.claimed_by !== null) expect(toUnits(row.paper), key(row)).toBe(0n);
    }
    const workloads = ["prod/shop/Deployment/web", "prod/shop/Deployment/quiet", "prod/lab"];
    for (const place of workloads) {
      const about = rows.filter((row) => row.subject.startsWith(place));
      const cost = about.find((row) => row.claimed_by === null)?.cost ?? "0";
      expect(sum(about, "paper"), place).toBeLessThanOrEqual(toUnits(cost));
    }
    expect(sum(rows, "paper")).toBeLessThanOrEqual(toUnits("450"));
  });

  it("are priced by what the pool cost: a core and a GiB asked for and not used", () => {
    // Three nodes of 4 cores and 16 GiB for 30 days at 450; weights are ppm of a core, as attribution's.
    const value = 4000n * 1_000_000n * 1024n + 16_384n * 113_636n * 1000n;
    const whole = value * 3n * 30n * 86_400n;
    const quiet = (500n * 1_000_000n * 1024n + 512n * 113_636n * 1000n) * 16n * 86_400n;
    const row = (found[0] ?? []).find((one) => key(one).endsWith("Deployment/quiet"));
    const paper = (toUnits("450") * quiet) / whole;
    const off = paper - toUnits(row?.paper ?? "0");
    // Its account's shares are of weights scaled to 10^12: a billionth of a euro and less.
    expect(off < 0n ? -off : off).toBeLessThan(10n ** 9n);
  });

  it("are priced by the days that were measured alone: half of the month's nodes were not", () => {
    // Node 0 at 12 a day and two at 2, measured for 16 of the 30 days they are billed.
    const value = 4000n * 1_000_000n * 1024n + 16_384n * 113_636n * 1000n;
    const row = (found[1] ?? []).find((one) => key(one).endsWith("Deployment/web/app"));
    const asked = /^2000 m, recommended (\d+) m$/.exec(evidenceOf(row, "CPU request"));
    const also = /^4096 MiB, recommended (\d+) MiB$/.exec(evidenceOf(row, "memory request"));
    const saved =
      (2000n - BigInt(asked?.[1] ?? "")) * 1_000_000n * 1024n +
      (4096n - BigInt(also?.[1] ?? "")) * 113_636n * 1000n;
    const paper = (toUnits("16") * 16n * 2n * saved) / (value * 3n);
    const off = paper - toUnits(row?.paper ?? "0");
    // What is shown of both is rounded up to whole millicores and MiB.
    expect(off < 0n ? -off : off).toBeLessThan(paper / 1000n);
  });

  it("realise what the freed node was billed, less with commitments and nothing where all is committed", () => {
    const [none = [], one = [], all = []] = found;
    // Two pods of web stay apart, so one of three nodes goes: 150 in 30 days, or all there is on paper.
    const released = (rows: readonly FoundRow[]) => sum(rows, "realisable");
    const paper = sum(none, "paper");
    expect(released(none)).toBe(paper < toUnits("150") ? paper : toUnits("150"));
    expect(released(none)).toBeGreaterThan(0n);
    // One of three nodes is reserved; the two others were billed 120, and one of those goes.
    const left = sum(one, "paper");
    expect(left).toBeLessThan(paper);
    expect(left).toBeGreaterThan(toUnits("60"));
    expect(released(one)).toBe(toUnits("60"));
    expect(all.filter((row) => toUnits(row.realisable) > 0n).map(key)).toEqual([]);
    expect(sum(all, "paper")).toBeLessThan(paper);
    const freed = none
      .flatMap((row) => JSON.parse(row.evidence) as { fact: string; value: string }[])
      .filter(({ fact }) => fact.startsWith("nodes freed in pool"));
    expect(new Set(freed.map(({ value }) => value))).toEqual(new Set(["1"]));
  });
});
