import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSnapshot, type Snapshot } from "../../../analysis/snapshot.ts";
import { homePaths } from "../../../data/files.ts";
import type { PublishedList } from "../../../data/published.ts";
import { type ShapesHome, shapesHome } from "./home.ts";
import { shapes } from "./shape.ts";

/** The shapes again, as facts in Parquet through ingest and build: what is published says the same. */

// Of one window; what no cluster could have beside the others (nothing measured, nothing known) is left out.
const CASES = shapes().filter(
  ([, shape]) =>
    shape.until === "2026-08-31" && shape.outage === undefined && shape.facts?.managedHeap !== null,
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
        const { cpuExceededPpm: _, ...rest } = said;
        return [name, rest];
      }),
    );
  });
  it("stand over hours that add up to what was measured", async () => {
    const [sums] = await rows<Record<string, string>>(
      `SELECT
         count(DISTINCT r.series_id) AS series,
         sum(h.oom_kills) AS kills,
         bool_and(h.cpu_avg <= h.cpu_max AND h.mem_avg <= h.mem_max) AS ordered,
         min(h.hour) = min(r.window_from) / 3600 AS begins
       FROM findings.visible_recommendation($scope) AS r
       JOIN findings.visible_recommendation_hour($scope) AS h ON h.series_id = r.series_id`,
    );
    expect(sums).toEqual({ series: String(CASES.length), kills: "3", ordered: true, begins: true });
    const [nightly] = await rows<Record<string, unknown>>(
      `SELECT count(*) AS hours, count(*) FILTER (WHERE h.cpu_avg = 1000000) AS bursts, max(h.mem_max) AS kib
       FROM findings.visible_recommendation($scope) AS r
       JOIN findings.visible_recommendation_hour($scope) AS h ON h.series_id = r.series_id
       WHERE r.namespace = 'nightly-spike'`,
    );
    expect(nightly).toEqual({ hours: "672", bursts: "28", kib: 307_200 });
  });
  it("are seen by their team alone", async () => {
    const count = async (scope: readonly string[] | null) =>
      Promise.all(
        ["recommendation", "recommendation_hour"].map(async (table) => {
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
