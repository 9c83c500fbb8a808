import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unpackHours } from "../../../analysis/findings/hours.ts";
import { openSnapshot, type Snapshot } from "../../../analysis/snapshot.ts";
import { homePaths } from "../../../data/files.ts";
import type { PublishedList } from "../../../data/published.ts";
import { type ShapesHome, shapesHome } from "./home.ts";
import { shapes } from "./shape.ts";

/** The shapes again, as facts in Parquet through ingest and build: what is published says the same. */

// Of one window; what no cluster could have beside the others (nothing measured, nothing known) is left out.
const CASES = shapes().filter(
  ([, shape]) =>
    shape.until === "2026-08-31" &&
    shape.outage === undefined &&
    (shape.facts?.managedHeap !== null || shape.facts.kind === "GroupedJob"),
);

let made: ShapesHome;
let list: PublishedList;
let snapshot: Snapshot;
const rows = <T>(query: string, scope: readonly string[] | null = null) =>
  snapshot.pool.with(undefined, (session) => session.rows<T>(query, { scope }));

beforeAll(async () => {
  made = await shapesHome(CASES);
  list = await made.run("2026-08-31");
  snapshot = await openSnapshot(homePaths(made.home));
}, 120_000);
afterAll(async () => {
  await snapshot?.pool.close();
  await rm(dirname(made.config), { recursive: true });
});

interface Row {
  namespace: string;
  class: string;
  cpu: number | null;
  memory: number | null;
  memory_limit: number | null;
  abstained_cpu: string | null;
  abstained_mem: string | null;
  reasons: string[];
  krr_cpu: number | null;
  krr_memory: number | null;
  vpa_cpu: number;
  vpa_memory: number;
}

describe("recommendations that are published", () => {
  it("are of every container of the window, and say what its shape says", async () => {
    const found = await rows<Row>(
      `SELECT
         namespace AS namespace,
         class AS class,
         CAST(cpu_recommended / 1000 AS INTEGER) AS cpu,
         CAST(mem_recommended / 1048576 AS INTEGER) AS memory,
         CAST(mem_limit_recommended / 1048576 AS INTEGER) AS memory_limit,
         abstained_cpu AS abstained_cpu,
         abstained_mem AS abstained_mem,
         reasons AS reasons,
         CAST(krr_cpu / 1000 AS INTEGER) AS krr_cpu,
         CAST(krr_mem / 1048576 AS INTEGER) AS krr_memory,
         CAST(vpa_cpu_target / 1000 AS INTEGER) AS vpa_cpu,
         vpa_mem_target AS vpa_memory
       FROM findings.visible_recommendation($scope)
       ORDER BY namespace`,
    );
    expect(found.length).toBeGreaterThan(20);
    expect(
      found.map((row) => [
        row.namespace,
        {
          class: row.class,
          cpu: row.cpu,
          memory: row.memory,
          ...(row.memory_limit === row.memory ? {} : { memoryLimit: row.memory_limit }),
          ...(row.abstained_cpu === null ? {} : { abstainedCpu: row.abstained_cpu }),
          ...(row.abstained_mem === null ? {} : { abstainedMem: row.abstained_mem }),
          reasons: row.reasons,
          krr: { cpu: row.krr_cpu, memory: row.krr_memory },
          vpa: { cpu: row.vpa_cpu, memory: Number(row.vpa_memory) },
        },
      ]),
    ).toEqual(
      CASES.map(([name, { expect: said }]) => {
        const { cpuExceededPpm: _, cpuExceededNowPpm: _now, ...rest } = said;
        return [name, rest];
      }),
    );
  });
  it("name the workload, its kind and whose word its tier is", async () => {
    const found = await rows<{ said: string }>(
      `SELECT concat_ws(' ', workload_kind, workload, tier, tier_by, runs) AS said
       FROM findings.visible_recommendation($scope)
       WHERE namespace IN ('critical', 'grouped-jobs', 'init-container', 'native-sidecar', 'saver-by-configuration')
       ORDER BY namespace`,
    );
    expect(found.map(({ said }) => said)).toEqual([
      "Deployment app critical annotation 0",
      "GroupedJob batch=grouped-jobs balanced default 28",
      "DaemonSet app balanced default 0",
      "StatefulSet app balanced default 0",
      "Rollout app saver configuration 0",
    ]);
  });
  it("stand over hours that add up to what was measured", async () => {
    const found = await rows<{ namespace: string; first: number; hours: number; packed: string }>(
      `SELECT r.namespace AS namespace, h.first_hour AS first, h.hours AS hours, to_base64(h.packed) AS packed
       FROM findings.visible_recommendation($scope) AS r
       JOIN findings.visible_recommendation_hours($scope) AS h ON h.series_id = r.series_id`,
    );
    expect(found.length).toBe(CASES.length);
    const hours = found.map(({ namespace, first, hours, packed }) => ({
      namespace,
      list: unpackHours(Buffer.from(packed, "base64"), first, hours),
    }));
    for (const { list } of hours)
      expect(
        list.every((one) => one.cpuAverage <= one.cpuMax && one.memAverage <= one.memMax),
      ).toBe(true);
    const kills = hours.flatMap(({ list }) => list.map(({ oomKills }) => oomKills));
    expect(kills.reduce((sum, some) => sum + some, 0)).toBe(3);
    const { list = [] } = hours.find(({ namespace }) => namespace === "nightly-spike") ?? {};
    expect(list.length).toBe(672);
    expect(list[0]?.hour).toBe(Date.parse("2026-08-03T00:00:00Z") / 3_600_000);
    expect(list.filter(({ cpuAverage }) => cpuAverage === 1_000_000).length).toBe(28);
    expect(Math.max(...list.map(({ memMax }) => memMax))).toBe(307_200);
  });
  it("are seen by their team alone", async () => {
    const count = async (scope: readonly string[] | null) =>
      Promise.all(
        ["recommendation", "recommendation_hours"].map(async (table) => {
          const [row] = await rows<{ n: string }>(
            `SELECT count(*) AS n FROM findings.visible_${table}($scope)`,
            scope,
          );
          return Number(row?.n);
        }),
      );
    const [all] = await count(null);
    expect(all).toBe(CASES.length);
    expect(await count(["nobody"])).toEqual([0, 0]);
    expect((await count(["__unowned__"]))[0]).toBe(CASES.length);
  });
  it("stay as they are, byte for byte, when nothing changed", async () => {
    const file = join(homePaths(made.home).published, list.findings?.file ?? "");
    const before = await stat(file);
    const again = await made.run("2026-08-31");
    expect(again.publishedId).toBe(list.publishedId);
    expect((await stat(file)).mtimeMs).toBe(before.mtimeMs);
  });
});
