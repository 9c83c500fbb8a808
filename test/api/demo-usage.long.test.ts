import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homePaths } from "../../data/files.ts";
import { readList } from "../../data/published.ts";
import { type SampleOptions, type SampleTruth, writeSample } from "../../data/sample/write.ts";
import { openReadOnly } from "../../data/warehouse.ts";
import { cli } from "../home.ts";
import { units } from "../ingest/oracle.ts";

const ENV = { APPORTION_NOW: "2026-09-20T12:00:00Z", TZ: "Pacific/Chatham" };
const POLICIES = ["keep", "configured", "proportional", "even"];

interface Row {
  cluster: string;
  key: string;
  team: string;
  policy: string | null;
  effective: string;
  billed: string;
}
interface Home {
  truth: SampleTruth;
  rows: Row[];
  coverage: { cluster: string; day: string; billed: string; covered: string }[];
  shared: { resource: string; team: string; effective: string; billed: string }[];
  close(): Promise<void>;
}

/** August of the sample as it was published, cluster rows by namespace or sentinel. */
async function august(home: string): Promise<Home> {
  const paths = homePaths(home);
  const month = (await readList(paths)).months.find((entry) => entry.month === "2026-08");
  let rows: Row[] = [];
  let coverage: Home["coverage"] = [];
  let shared: Home["shared"] = [];
  const path = join(paths.published, month?.file ?? "");
  const engine = await openReadOnly([{ name: "m", path }], {}, async (session) => {
    rows = await session.rows(
      `SELECT cluster, CASE WHEN namespace = '' THEN bucket ELSE namespace END AS key, team, policy, sum(effective) AS effective, sum(billed) AS billed
       FROM m.main.spend WHERE currency = 'EUR' GROUP BY ALL`,
    );
    coverage = await session.rows(
      `SELECT cluster, CAST(day AS VARCHAR) AS day, CAST(sum(billed_s) AS VARCHAR) AS billed, CAST(sum(least(covered_s, billed_s)) AS VARCHAR) AS covered
       FROM m.main.node_day GROUP BY cluster, day`,
    );
    shared = await session.rows(
      `SELECT resource, team, sum(effective) AS effective, sum(billed) AS billed
       FROM m.main.spend_resource WHERE bucket = 'shared' AND policy IS NULL GROUP BY resource, team`,
    );
  });
  engine.close();
  const truth = JSON.parse(readFileSync(join(home, "truth.json"), "utf8")) as SampleTruth;
  return { truth, rows, coverage, shared, close: () => rm(home, { recursive: true, force: true }) };
}

const sum = (rows: readonly Row[], measure: "effective" | "billed") =>
  rows.reduce((all, row) => all + units(row[measure]), 0n);

/** How far `found` is from what is true, as a part of it; amounts in 1e-18. */
const off = (found: bigint, truth: bigint) =>
  truth === 0n ? (found === 0n ? 0 : 1) : Math.abs(Number(found - truth) / Number(truth));

describe("demo with usage", () => {
  let demo: Home;
  let home = "";
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "apportion-usage-"));
    const { code, err } = await cli(["demo", "--no-serve", "--days", "31", "--home", home], {
      env: ENV,
    });
    expect(code, err).toBe(0);
    demo = await august(home);
  }, 240_000);
  afterAll(() => demo.close());

  it("has the bill's total to the last digit, in both measures, under every policy", () => {
    const month = demo.truth.months.find((entry) => entry.currency === "EUR");
    for (const policy of POLICIES) {
      const rows = demo.rows.filter((row) => row.policy === null || row.policy === policy);
      for (const measure of ["effective", "billed"] as const)
        expect(sum(rows, measure), policy).toBe(units(month?.[measure] ?? ""));
    }
  });

  it("gives every namespace and sentinel what is true of it, within half a percent; clusters exactly", () => {
    const clusters = demo.truth.usage?.clusters ?? [];
    expect(clusters.map((entry) => entry.cluster)).toEqual([
      "aks-northwind-dev",
      "aks-northwind-production",
    ]);
    for (const cluster of clusters) {
      const rows = demo.rows.filter(
        (row) => row.policy === null && row.cluster === cluster.cluster,
      );
      expect(sum(rows, "effective")).toBe(units(cluster.effective));
      const expected = [
        ...cluster.namespaces.map((entry) => [entry.namespace, entry.effective] as const),
        ...cluster.sentinels.map((entry) => [entry.bucket, entry.effective] as const),
      ];
      expect(expected.length).toBeGreaterThan(12);
      for (const [key, truth] of expected) {
        const found = sum(
          rows.filter((row) => row.key === key),
          "effective",
        );
        // An outage begins between two scrapes: what is on its edges may be either side.
        const bound = key === "__no_usage_data__" || key === "__network__" ? 0.03 : 0.005;
        expect(off(found, units(truth)), `${cluster.cluster} ${key}`).toBeLessThan(bound);
      }
      const keys = new Set(expected.map(([key]) => key));
      for (const row of rows) if (units(row.effective) !== 0n) expect(keys).toContain(row.key);
    }
  });

  it("gives every team what is true of it, before redistribution, within half a percent", () => {
    const owners = demo.truth.usage?.ownersWithClusters.find((entry) => entry.currency === "EUR");
    const kept = demo.rows.filter((row) => row.policy === null);
    const expected = Map.groupBy(owners?.owners ?? [], (owner) => owner.team);
    expect(expected.size).toBeGreaterThan(12);
    for (const [team, parts] of expected) {
      const truth = parts.reduce((all, part) => all + units(part.effective), 0n);
      const found = sum(
        kept.filter((row) => row.team === team),
        "effective",
      );
      const bound = team === "__no_usage_data__" || team === "__network__" ? 0.03 : 0.005;
      expect(off(found, truth), team).toBeLessThan(bound);
    }
  });

  it("divides shared services as they were used, to the 10^12 parts that weights are scaled to", () => {
    const truth = demo.truth.usage?.shared ?? [];
    expect(new Set(truth.map((entry) => entry.service)).size).toBe(3);
    expect(truth.length).toBeGreaterThan(10);
    expect(demo.shared).toHaveLength(truth.length);
    for (const { service, team, effective, billed } of truth) {
      const found = demo.shared.find((row) => row.resource.endsWith(service) && row.team === team);
      for (const [ours, theirs] of [
        [found?.effective, effective],
        [found?.billed, billed],
      ] as const) {
        const [found, known] = [units(ours ?? "0"), units(theirs)];
        const apart = found < known ? known - found : found - known;
        expect(apart <= known / 10n ** 11n + 1000n, `${service} ${team} ${apart}`).toBe(true);
      }
    }
  });

  it("knows how much of every cluster's day is covered, to a scrape at each end", () => {
    const days = demo.truth.usage?.coverage ?? [];
    expect(days.length).toBeGreaterThanOrEqual(62);
    for (const day of days) {
      const found = demo.coverage.find(
        (entry) => entry.cluster === day.cluster && entry.day === day.day,
      );
      expect(Number(found?.billed), `${day.cluster} ${day.day}`).toBe(day.billedSeconds);
      const nodes = Math.ceil(day.billedSeconds / 86_400) + 2;
      expect(Math.abs(Number(found?.covered) - day.coveredSeconds)).toBeLessThanOrEqual(
        nodes * 600,
      );
    }
  });

  it("changes nothing when it is run again", async () => {
    const before = await readList(homePaths(home));
    const { code, units: again } = await cli(["ingest", "--config", join(home, "apportion.yaml")], {
      env: ENV,
    });
    expect(code).toBe(0);
    // Of a cluster's recorded scans the last one is what is loaded; those before it are older runs.
    expect(new Set(again.map((unit) => unit.outcome))).toEqual(new Set(["unchanged", "older"]));
    expect(again.filter((unit) => unit.outcome === "older").map((unit) => unit.unit)).toEqual(
      Array.from({ length: 6 }, () => "aks-northwind-dev inventory"),
    );
    const built = await cli(["build", "--config", join(home, "apportion.yaml")], { env: ENV });
    expect(built.code, built.err).toBe(0);
    expect((await readList(homePaths(home))).publishedId).toBe(before.publishedId);
  });
});

describe("time without usage", () => {
  const share = async (gaps: SampleOptions["gaps"]) => {
    const home = await mkdtemp(join(tmpdir(), "apportion-gaps-"));
    await writeSample(home, { days: 4, usage: ["dev"], ...(gaps === undefined ? {} : { gaps }) });
    const run = await cli(["run", "--config", join(home, "apportion.yaml")], { env: ENV });
    expect(run.code, run.err).toBe(0);
    return august(home);
  };
  it.each([
    ["a tenth, in runs of 12 minutes", 2 * 3600, 12 * 60],
    ["half, in runs of an hour", 2 * 3600, 3600],
  ])(
    "%s, is on __no_usage_data__ and not on someone",
    async (_, every, missing) => {
      const start = Date.parse("2026-08-28T00:00:00Z") / 1000;
      const gaps = Array.from({ length: (4 * 86_400) / every }, (_none, index) => ({
        environment: "dev",
        from: start + index * every + 1800,
        until: start + index * every + 1800 + missing,
      }));
      const home = await share(gaps);
      const dev = home.rows.filter((row) => row.policy === null && row.cluster !== "");
      const [truth] = home.truth.usage?.clusters ?? [];
      expect(sum(dev, "effective")).toBe(units(truth?.effective ?? ""));
      const lost = sum(
        dev.filter((row) => row.key === "__no_usage_data__"),
        "effective",
      );
      const expected = units(
        truth?.sentinels.find((entry) => entry.bucket === "__no_usage_data__")?.effective ?? "0",
      );
      expect(expected).toBeGreaterThan(0n);
      // A gap is one scrape longer than the outage at most, on each side.
      expect(off(lost, expected)).toBeLessThan(600 / missing);
      for (const { namespace, effective } of truth?.namespaces ?? []) {
        const found = sum(
          dev.filter((row) => row.key === namespace),
          "effective",
        );
        expect(Number(found) / 1e18, namespace).toBeLessThan(
          (Number(units(effective)) / 1e18) * 1.02 + 0.001,
        );
      }
      await home.close();
    },
    120_000,
  );
});
