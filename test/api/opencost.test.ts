import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseFilter, propertiesOf } from "../../api/opencost/filter.ts";
import { openCostFloat } from "../../api/opencost/shape.ts";
import { parseStep, parseWindow } from "../../api/opencost/window.ts";
import type { Showback } from "../../api/schemas/showback.ts";
import { clusterHome } from "../cluster-home.ts";
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

interface Found {
  name: string;
  minutes: number;
  totalCost: number | null;
  cpuCost: number;
  cpuCostAdjustment: number;
  ramCost: number;
  ramCostAdjustment: number;
  pvCost: number;
  loadBalancerCost: number;
  sharedCost: number;
  cpuCores: number;
  cpuCoreHours: number;
  window: { start: string; end: string };
}
interface Answer {
  code: number;
  data: Record<string, Found>[];
  warning?: string;
}
const AUGUST = "2026-08-01T00:00:00Z,2026-08-04T00:00:00Z";
async function allocation(query: string, path = "/allocation"): Promise<Answer> {
  const answer = await server.get(`${path}?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Answer;
}
const total = (set: Record<string, Found> | undefined) =>
  Object.values(set ?? {}).reduce((sum, one) => sum + (one.totalCost ?? 0), 0);

describe("GET /allocation", () => {
  it("adds up to what the ledger says of the clusters, in every step", async () => {
    const kept = await server.get("/api/v1/showback?month=2026-08&by=namespace&policy=keep");
    const ledger = (kept.json() as Showback).data
      .filter((row) => row.key !== "")
      .reduce((sum, row) => sum + Number(row.cost), 0);
    for (const aggregate of [
      "cluster",
      "namespace",
      "controllerKind,controller",
      "namespace,deployment",
      "statefulset",
      "team",
      "cluster,namespace,team",
      "all",
    ]) {
      const whole = await allocation(`window=${AUGUST}&aggregate=${aggregate}&includeIdle=true`);
      expect(whole.data).toHaveLength(1);
      expect(total(whole.data[0]), aggregate).toBeCloseTo(ledger, 3);
      const daily = await allocation(
        `window=${AUGUST}&aggregate=${aggregate}&includeIdle=true&step=1d`,
      );
      expect(daily.data).toHaveLength(3);
      expect(daily.data.reduce((sum, set) => sum + total(set), 0)).toBeCloseTo(ledger, 3);
    }
  });

  it("names keys, spans and quantities as OpenCost does", async () => {
    const { data, code, warning } = await allocation(
      `window=${AUGUST}&aggregate=cluster,namespace&step=1d`,
    );
    expect([code, warning]).toEqual([200, undefined]);
    expect(data[0]?.["prod/jobs"]).toMatchObject({
      name: "prod/jobs",
      properties: { cluster: "prod", namespace: "jobs" },
      window: { start: "2026-08-01T00:00:00Z", end: "2026-08-02T00:00:00Z" },
      minutes: 1440,
      cpuCoreHours: 9.6,
      cpuCores: 0.4,
      cpuEfficiency: 1.06667,
    });
    expect(Object.keys(data[0] ?? {})).not.toContain("prod/__idle__");
    const finest = await allocation(`window=${AUGUST}`);
    expect(Object.keys(finest.data[0] ?? {})).toContain("prod/shop/statefulset/db");
  });

  it("names a workload by its kind, and leaves the others unallocated", async () => {
    const of = async (query: string) =>
      (await allocation(`window=${AUGUST}&${query}`)).data[0] as Record<string, Found>;
    const controllers = await of("aggregate=controllerKind,controller");
    const sets = await of("aggregate=statefulset");
    const named = Object.keys(controllers).filter((key) => key.startsWith("statefulset/"));
    expect(named.length).toBeGreaterThan(0);
    expect(Object.keys(controllers).length).toBeGreaterThan(named.length);
    for (const key of named)
      expect(sets[key.slice("statefulset/".length)]?.totalCost).toBe(controllers[key]?.totalCost);
    expect(Object.keys(sets)).toContain("__unallocated__");
    const [one = ""] = named.map((key) => key.slice("statefulset/".length));
    expect(Object.keys(await of(`aggregate=controller&filter=statefulset:"${one}"`))).toEqual([
      one,
    ]);
  });

  it("puts what was paid below list into the adjustments, and nothing where no list is stated", async () => {
    const { data } = await allocation(
      `window=${AUGUST}&aggregate=controller&filter=controller:"db"`,
    );
    const db = data[0]?.["db"];
    // Nodes are billed below list; their disks state none.
    expect(db?.cpuCostAdjustment).toBeLessThan(0);
    const parts = [
      db?.cpuCost,
      db?.cpuCostAdjustment,
      db?.ramCost,
      db?.ramCostAdjustment,
      db?.pvCost,
    ];
    expect(parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)).toBeCloseTo(
      db?.totalCost ?? 0,
      4,
    );
    expect(db?.pvCost).toBe(1);
  });

  it("shares idle before it filters (OpenCost's #1124 over-counts)", async () => {
    const all = await allocation(`window=${AUGUST}&aggregate=namespace&shareIdle=true`);
    const one = await allocation(
      `window=${AUGUST}&aggregate=namespace&shareIdle=true&filter=namespace:"lab"`,
    );
    expect(Object.keys(one.data[0] ?? {})).toEqual(["lab"]);
    expect(one.data[0]?.["lab"]?.totalCost).toBe(all.data[0]?.["lab"]?.totalCost);
    const apart = await allocation(`window=${AUGUST}&aggregate=namespace&includeIdle=true`);
    expect(total(all.data[0])).toBeCloseTo(total(apart.data[0]), 3);
    expect(Object.keys(all.data[0] ?? {})).not.toContain("__idle__");
  });

  it("answers a day that is not billed with no cost and a warning", async () => {
    const { data, warning } = await allocation(
      "window=2026-08-03T00:00:00Z,2026-08-06T00:00:00Z&aggregate=cluster&step=1d",
    );
    expect(data.map((set) => Object.keys(set).length > 0)).toEqual([true, false, false]);
    expect(warning).toBe("not billed yet, so without cost: 2 days from 2026-08-04 to 2026-08-05");
  });

  it("spans months, and stands under /model and as a summary too", async () => {
    const both = await allocation(
      "window=2026-07-31T00:00:00Z,2026-08-02T00:00:00Z&aggregate=cluster&accumulate=true",
      "/model/allocation/compute",
    );
    const apart = await allocation(
      "window=2026-07-31T00:00:00Z,2026-08-02T00:00:00Z&aggregate=cluster&step=1d",
    );
    expect(total(both.data[0])).toBeCloseTo(total(apart.data[0]) + total(apart.data[1]), 4);
    const summary = await server.get(
      `/allocation/summary?window=${AUGUST}&aggregate=cluster&idle=true`,
    );
    const { data } = summary.json() as { data: { sets: { allocations: Record<string, Found> }[] } };
    expect(total(data.sets[0]?.allocations)).toBeCloseTo(
      total((await allocation(`window=${AUGUST}&aggregate=cluster&includeIdle=true`)).data[0]),
      4,
    );
  });

  it("refuses what it cannot answer, saying what it can", async () => {
    for (const [query, status, code, says] of [
      ["window=6h", 400, "STEP_TOO_FINE", /whole UTC days/],
      ["window=3d&step=1h", 400, "STEP_TOO_FINE", /whole UTC days/],
      ["window=2026-08-01T06:00:00Z,2026-08-02T00:00:00Z", 400, "STEP_TOO_FINE", /06:00/],
      ["window=soon", 400, "BAD_PARAMETER", /lastweek/],
      ["window=3d&aggregate=pod", 400, "BAD_PARAMETER", /controllerKind.*not by pod/],
      ["window=3d&filter=namespace:a", 400, "BAD_PARAMETER", /double quotes.*character 11/],
      ["window=3d&filter=node:%22a%22", 400, "BAD_PARAMETER", /no field/],
      ["window=3d&bogus=1", 400, "UNKNOWN_PARAMETER", /bogus/],
      ["aggregate=cluster", 400, "BAD_PARAMETER", /window/],
    ] as const) {
      const answer = await server.get(`/allocation?${query}`);
      const body = answer.json() as { code: string; detail: string };
      expect([answer.status, body.code], query).toEqual([status, code]);
      expect(body.detail).toMatch(says);
    }
  });
});

describe("windows", () => {
  const now = new Date("2026-08-05T15:00:00Z"); // a Wednesday
  for (const [text, from, until] of [
    ["today", "2026-08-05", "2026-08-06"],
    ["yesterday", "2026-08-04", "2026-08-05"],
    ["week", "2026-08-02", "2026-08-06"],
    ["lastweek", "2026-07-26", "2026-08-02"],
    ["month", "2026-08-01", "2026-08-06"],
    ["lastmonth", "2026-07-01", "2026-08-01"],
    ["7d", "2026-07-30", "2026-08-06"],
    ["2w", "2026-07-23", "2026-08-06"],
    ["3d offset 1d", "2026-08-02", "2026-08-05"],
    ["2026-08-01T00:00:00Z,2026-08-03T00:00:00Z", "2026-08-01", "2026-08-03"],
    ["1785542400,1785715200", "2026-08-01", "2026-08-03"],
  ] as const)
    it(`${text} is ${from} to ${until}`, () => {
      expect(parseWindow(text, now)).toEqual({ from, until });
    });
  it("steps are days and weeks", () => {
    expect([parseStep("1d"), parseStep("2w"), parseStep("day")]).toEqual([1, 14, 1]);
    expect(() => parseStep("0d")).toThrow(/nothing/);
  });
});

describe("the filter grammar", () => {
  const of = (cluster: string, namespace: string) =>
    propertiesOf({ cluster, namespace, kind: "Deployment", workload: "web", team: "" });
  for (const [text, holds, fails] of [
    ['namespace:"a","b"', of("x", "b"), of("x", "c")],
    ['namespace!:"a","b"', of("x", "c"), of("x", "a")],
    ['namespace~:"kube"', of("x", "my-kube-system"), of("x", "shop")],
    ['namespace<~:"kube-"', of("x", "kube-system"), of("x", "my-kube-system")],
    ['namespace~>:"-system"', of("x", "kube-system"), of("x", "system-x")],
    ['namespace!<~:"kube-"', of("x", "shop"), of("x", "kube-system")],
    ['namespace:"a"+cluster:"x"', of("x", "a"), of("y", "a")],
    ['namespace:"a"+cluster:"x"|cluster:"z"', of("z", "q"), of("x", "q")],
    [String.raw`namespace:"with \"quotes\""`, of("x", 'with "quotes"'), of("x", "with")],
  ] as const)
    it(text, () => {
      const filter = parseFilter(text);
      expect([filter.matches(holds), filter.matches(fails)]).toEqual([true, false]);
    });
});

it("rounds money to five places from the exact amount, half away from zero", () => {
  expect(openCostFloat(1_000_005_000_000_000_000n)).toBe(1.00001);
  expect(openCostFloat(-1_000_005_000_000_000_000n)).toBe(-1.00001);
  expect(openCostFloat(4_999_999_999_999n)).toBe(0);
});
