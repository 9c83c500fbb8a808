import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Explain } from "../../api/schemas/explain.ts";
import type { Showback } from "../../api/schemas/showback.ts";
import { addAmounts, toUnits } from "../../data/money.ts";
import { clusterHome, NODE } from "../cluster-home.ts";
import { cli } from "../home.ts";
import { appOver, type TestApp } from "./server-fixture.ts";

let made: Awaited<ReturnType<typeof clusterHome>>;
let server: TestApp;
beforeAll(async () => {
  made = await clusterHome();
  server = await appOver(made.config);
});
afterAll(async () => {
  await server?.close();
  if (made !== undefined) await rm(made.folder, { recursive: true, force: true });
});

async function explain(target: string, more = ""): Promise<Explain> {
  const answer = await server.get(
    `/api/v1/explain?month=2026-08&target=${encodeURIComponent(target)}${more}`,
  );
  expect(answer.status, `${target}: ${answer.text}`).toBe(200);
  return answer.json() as Explain;
}
async function showback(query: string): Promise<Showback> {
  const answer = await server.get(`/api/v1/showback?month=2026-08&limit=1000&${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Showback;
}
const sum = (texts: Iterable<string>) => toUnits(addAmounts(texts));

const MEASURES = ["effective", "billed", "list", "contracted"] as const;
const POLICIES = ["configured", "keep", "proportional", "even"] as const;

describe("explain says showback's figure to the last digit", () => {
  for (const policy of POLICIES)
    it(`of every team, bucket and namespace under ${policy}, in every measure and currency`, async () => {
      for (const cost of MEASURES)
        for (const currency of ["EUR", "USD"])
          for (const by of ["team", "namespace"]) {
            const more = `&policy=${policy}&cost=${cost}&currency=${currency}`;
            const { data } = await showback(`by=${by}${more}`);
            expect(data.length).toBeGreaterThan(1);
            for (const row of data) {
              if (row.key === "") continue;
              const target = `${by === "team" ? (row.key.startsWith("__") ? "bucket" : "team") : "namespace"}:${row.key}`;
              const { data: told } = await explain(target, more);
              expect(toUnits(told.total), `${target} ${more}`).toBe(toUnits(row.cost));
              expect(sum([told.own, told.shares, told.moved])).toBe(toUnits(told.total));
            }
          }
    }, 120_000);

  it("of every workload and resource", async () => {
    const workloads = (await showback("by=workload")).data.filter(
      (row) => row.key.split("/").length === 4,
    );
    expect(workloads).toHaveLength(7);
    for (const row of workloads)
      expect(toUnits((await explain(`workload:${row.key}`)).data.total), row.key).toBe(
        toUnits(row.cost),
      );
    const { data } = await showback("by=resource");
    for (const key of new Set(data.map((row) => row.key))) {
      const cost = sum(data.filter((row) => row.key === key).map((row) => row.cost));
      expect(toUnits((await explain(`resource:${key}`)).data.total), key).toBe(cost);
    }
  });

  it("and its lines add up to its parts, page by page", async () => {
    for (const target of ["team:shop", "bucket:__idle__", "namespace:prod/lab"]) {
      const costs: string[] = [];
      let cursor: string | null = "0";
      let before: bigint | null = null;
      while (cursor !== null) {
        const page: Explain = await explain(target, `&limit=7&cursor=${cursor}`);
        for (const line of page.data.lines) {
          const size = toUnits(line.cost ?? "0");
          const magnitude = size < 0n ? -size : size;
          if (before !== null) expect(magnitude <= before).toBe(true);
          before = magnitude;
          costs.push(line.cost ?? "0");
        }
        cursor = page.meta.next;
      }
      const { data } = await explain(target);
      expect(costs).toHaveLength(data.lineCount);
      expect(sum(costs)).toBe(sum([data.own, data.shares]));
    }
  });
});

describe("explain says why", () => {
  it("a share is its weight's part of the line, by at most one unit of 1e-18", async () => {
    const { data } = await explain("team:shop", "&limit=1000");
    let shares = 0;
    for (const line of data.lines) {
      if (line.weight === null || line.whole === null) continue;
      shares += 1;
      const whole = BigInt(line.whole);
      const exact = toUnits(line.lineCost ?? "0") * BigInt(line.weight);
      const off = toUnits(line.cost ?? "0") * whole - exact;
      expect((off < 0n ? -off : off) < whole, JSON.stringify(line)).toBe(true);
    }
    expect(shares).toBeGreaterThan(20);
  });

  it("names the node, its seconds and how it was matched, and the rule of the day", async () => {
    const { data } = await explain("namespace:prod/jobs", "&limit=1000");
    const nodes = data.lines.filter((line) => line.splitKind === "node");
    expect(
      nodes
        .toSorted((a, b) => (a.day < b.day ? -1 : 1))
        .map((line) => [line.day, line.team, line.rule]),
    ).toEqual([
      ["2026-08-01", "shop", "rule 4: namespace jobs"],
      ["2026-08-02", "data", "rule 3: namespace jobs"],
      ["2026-08-03", "data", "rule 3: namespace jobs"],
    ]);
    for (const line of nodes)
      expect(line).toMatchObject({
        splitKey: NODE("prod", "batch", 0),
        pool: "aks-batch-1-vmss",
        nodeBy: "VM name",
        billedSeconds: 86400,
        seenSeconds: 86400,
        coveredSeconds: 86400,
        workloadKind: "CronJob",
        workload: "nightly",
        origin: "bill: 2026-08.csv",
      });
  });

  it("shows what each policy passes on, whatever policy is asked for", async () => {
    const { data } = await explain("bucket:__idle__", "&policy=keep");
    expect(toUnits(data.moved)).toBe(0n);
    expect(new Set(data.redistribution.map((row) => row.policy))).toEqual(
      new Set(["configured", "proportional", "even"]),
    );
    expect(data.redistribution.every((row) => toUnits(row.cost) < 0n)).toBe(true);
  });

  it("keeps what it does not cover in sight: dev is covered for half of the day", async () => {
    const { data } = await explain("bucket:__no_usage_data__", "&limit=1000");
    const node = data.lines.find((line) => line.splitKind === "node");
    expect(node).toMatchObject({ billedSeconds: 86400, coveredSeconds: 43200 });
    expect(BigInt(node?.weight ?? "0") * 2n - BigInt(node?.whole ?? "0")).toBeLessThan(10n);
  });

  it("refuses what is no target, by its place", async () => {
    for (const [target, status, code] of [
      ["shop", 400, "BAD_PARAMETER"],
      ["namespace:prod", 400, "BAD_PARAMETER"],
      ["bucket:__ilde__", 400, "BAD_PARAMETER"],
      ["workload:prod/shop/web", 400, "BAD_PARAMETER"],
      ["team:nobody", 404, "TEAM_UNKNOWN"],
      ["namespace:prod/nothing", 404, "NOT_FOUND"],
    ] as const) {
      const answer = await server.get(`/api/v1/explain?target=${target}`);
      expect([answer.status, (answer.json() as { code: string }).code], target).toEqual([
        status,
        code,
      ]);
    }
  });
});

describe("apportion explain", () => {
  it("says the same on the command line, as a table and as JSON", async () => {
    const args = ["explain", "team:shop", "--month", "2026-08", "--config", made.config];
    const json = await cli([...args, "--format", "json", "--limit", "100"]);
    expect(json.err).toBe("");
    const told = JSON.parse(json.out) as Explain;
    expect(told.data).toEqual((await explain("team:shop")).data);
    const shown = await cli(args);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/^Shop, 2026-08, effective cost in EUR, policy configured/);
    expect(shown.out).toContain("rule 2: cluster prod and namespace shop*");
    expect(shown.out).toMatch(new RegExp(`total .*${told.data.total.replace(".", "\\.")}`));
    const wrong = await cli(["explain", "shop", "--config", made.config]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(/team:ID, namespace:CLUSTER\/NS/);
  });
});
