import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Movers, Showback, Trend } from "../../api/schemas/showback.ts";
import { addAmounts, toUnits } from "../../data/money.ts";
import type { SampleTruth } from "../../data/sample/truth.ts";
import { demoHome } from "../demo-home.ts";
import { appOver, type TestApp } from "./server-fixture.ts";

const demo = await demoHome();
const truth = JSON.parse(readFileSync(join(demo.home, "truth.json"), "utf8")) as SampleTruth;
const august = truth.months.find((month) => month.month === "2026-08" && month.currency === "EUR");
let server: TestApp;
beforeAll(async () => {
  server = await appOver();
});
afterAll(() => server.close());

async function showback(query: string): Promise<Showback> {
  const answer = await server.get(`/api/v1/showback?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Showback;
}

describe("GET showback", () => {
  const oracles = {
    service: () => august?.services,
    environment: () => august?.environments,
    day: () => august?.days,
  } as const;
  for (const [by, oracle] of Object.entries(oracles))
    it(`by ${by} equals the truth, row by row`, async () => {
      const { data } = await showback(`month=2026-08&by=${by}&limit=1000`);
      const rows = data.filter(
        (row) => by === "day" || toUnits(row.cost) !== 0n || row.previous === null,
      );
      const expected = oracle() ?? [];
      expect(expected.length).toBeGreaterThan(3);
      for (const row of expected) {
        // Lines without a service stand under their charge category; the sum below holds them.
        if (by === "service" && row.key === "") continue;
        const found = rows.find((candidate) => candidate.key === row.key);
        expect(toUnits(found?.cost ?? "0"), row.key).toBe(toUnits(row.effective));
      }
      const sum = addAmounts(data.map((row) => row.cost));
      expect(toUnits(sum)).toBe(toUnits(august?.effective ?? ""));
    });

  it("by team adds up to the total of meta, with last month beside it", async () => {
    const { data, meta } = await showback("by=team");
    expect(meta.month).toBe("2026-08");
    expect(toUnits(addAmounts(data.map((row) => row.cost)))).toBe(toUnits(meta.total ?? ""));
    expect(toUnits(addAmounts(data.map((row) => row.previous ?? "0")))).toBe(
      toUnits(meta.previousTotal ?? ""),
    );
    expect(data.map((row) => toUnits(row.cost))).toEqual(
      data.map((row) => toUnits(row.cost)).toSorted((a, b) => (b > a ? 1 : b < a ? -1 : 0)),
    );
    for (const row of data)
      expect(toUnits(row.direct) + toUnits(row.shared) + toUnits(row.idle)).toBe(toUnits(row.cost));
    expect(data.find((row) => row.key === "__commitment_unused__")?.bucket).toBe(
      "__commitment_unused__",
    );
  });

  it("by resource pages through everything once", async () => {
    const seen = new Map<string, string>();
    let cursor: string | null = "0";
    let pages = 0;
    while (cursor !== null) {
      const page: Showback = await showback(`by=resource&limit=500&cursor=${cursor}`);
      for (const row of page.data) {
        const key = `${row.key} ${row.team} ${row.bucket}`;
        expect(seen.has(key), key).toBe(false);
        seen.set(key, row.cost);
      }
      cursor = page.meta.next;
      pages += 1;
    }
    expect(pages).toBeGreaterThan(1);
    expect(toUnits(addAmounts(seen.values()))).toBe(toUnits(august?.effective ?? ""));
    for (const resource of august?.resources ?? []) {
      // Lines without a resource stand under their description; the sum above holds them.
      if (resource.id === "") continue;
      const sum = addAmounts(
        [...seen].filter(([key]) => key.startsWith(`${resource.id} `)).map(([, cost]) => cost),
      );
      expect(toUnits(sum), resource.id).toBe(toUnits(resource.effective));
    }
  });

  it("answers in each measure and currency, never adding currencies up", async () => {
    for (const month of truth.months)
      for (const cost of ["effective", "billed", "list", "contracted"] as const) {
        const { meta } = await showback(
          `month=${month.month}&currency=${month.currency}&cost=${cost}`,
        );
        expect(toUnits(meta.total ?? "0"), `${month.month} ${month.currency} ${cost}`).toBe(
          toUnits(month[cost] ?? "0"),
        );
        expect(meta.currencies).toEqual(["EUR", "USD"]);
      }
  });

  it("says who may own what nobody owns, and which rule named an owner", async () => {
    const unowned = await showback("by=resource&team=__unowned__&limit=50");
    expect(unowned.data.length).toBeGreaterThan(0);
    expect(unowned.data.every((row) => row.rule === null)).toBe(true);
    expect(unowned.data.some((row) => /resource group: |tag: /.test(row.hint ?? ""))).toBe(true);
    const owned = await showback("by=resource&team=claims&limit=5");
    expect(owned.data.every((row) => /^rule \d+: /.test(row.rule ?? ""))).toBe(true);
  });

  it("moves a team's cost on the day its rule changes", async () => {
    const days = await showback("by=day&team=documents&month=2026-08");
    expect(days.data.map((row) => row.key)).toContain("2026-08-14");
    expect(days.data.filter((row) => row.key >= "2026-08-15")).toEqual([]);
  });
});

describe("GET showback/trend and movers", () => {
  it("gives every month its total", async () => {
    const answer = await server.get("/api/v1/showback/trend?months=13");
    const { data } = answer.json() as Trend;
    expect(data.map((row) => row.month)).toEqual(["2026-07", "2026-08"]);
    for (const row of data) {
      const month = truth.months.find((one) => one.month === row.month && one.currency === "EUR");
      expect(toUnits(row.cost)).toBe(toUnits(month?.effective ?? ""));
    }
  });

  it("explains each mover by what appeared, went and changed", async () => {
    const answer = await server.get("/api/v1/showback/movers?limit=100");
    const { data } = answer.json() as Movers;
    expect(data.length).toBeGreaterThan(5);
    for (const row of data) {
      expect(toUnits(row.appeared) + toUnits(row.gone) + toUnits(row.changed)).toBe(
        toUnits(row.change),
      );
      expect(toUnits(row.cost) - toUnits(row.previous)).toBe(toUnits(row.change));
    }
    const total = (await showback("by=team")).meta;
    expect(toUnits(addAmounts(data.map((row) => row.change)))).toBe(
      toUnits(total.total ?? "") - toUnits(total.previousTotal ?? ""),
    );
  });
});

describe("answers", () => {
  it("come as Arrow to who asks for it, the same rows", async () => {
    const json = await showback("by=team");
    const arrow = await server.get("/api/v1/showback?by=team", {
      accept: "application/vnd.apache.arrow.stream",
    });
    expect(arrow.headers["content-type"]).toBe("application/vnd.apache.arrow.stream");
    const table = tableFromIPC(arrow.bytes);
    expect(
      table.toArray().map((row) => (row as { toJSON(): { cost: string } }).toJSON().cost),
    ).toEqual(json.data.map((row) => row.cost));
    expect(JSON.parse(table.schema.metadata.get("meta") ?? "{}")).toEqual(json.meta);
  });

  it("carry the publish as ETag and answer 304 to who has it", async () => {
    const first = await server.get("/api/v1/showback");
    const again = await server.get("/api/v1/showback", {
      "if-none-match": String(first.headers["etag"]),
    });
    expect(again.status).toBe(304);
    expect(again.text).toBe("");
  });
});
