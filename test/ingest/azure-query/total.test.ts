import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { amounts, bench, ingest, recorded, SUBSCRIPTION, totals, unitOf } from "./fake.ts";

interface Cassette {
  interactions: {
    request: { uri: string };
    response: { status: { code: number }; body: { data: unknown } };
  }[];
}

const ABSENT = "the recordings in ../shared/data/azure are not on this machine";

const typeOf = (body: string) => (JSON.parse(body) as { type: string }).type;

describe("a month's total", () => {
  test("is asked for twice and stated as billed and effective", async () => {
    const on = bench(({ body }) =>
      typeOf(body) === "ActualCost" ? totals([["120.5", "EUR"]]) : totals([["99.25", "EUR"]]),
    );
    const loaded = await ingest(on);
    expect(loaded).toEqual({
      dataset: "AzureQuery",
      scope: SUBSCRIPTION,
      exportName: null,
      rows: 0,
      promised: null,
      parts: [],
      controls: [],
      rejected: [],
      subAccounts: [],
      stated: [
        {
          month: "2026-07",
          currency: "EUR",
          measure: "billed",
          amount: "120.5",
          asOf: "2026-09-15T10:00:00.000Z",
        },
        {
          month: "2026-07",
          currency: "EUR",
          measure: "effective",
          amount: "99.25",
          asOf: "2026-09-15T10:00:00.000Z",
        },
      ],
    });
    expect(on.sent).toHaveLength(2);
    expect(JSON.parse(on.sent[0]?.body ?? "")).toEqual({
      type: "ActualCost",
      timeframe: "Custom",
      timePeriod: { from: "2026-07-01T00:00:00.000Z", to: "2026-07-31T23:59:59.000Z" },
      dataset: {
        granularity: "None",
        aggregation: { totalCost: { name: "Cost", function: "Sum" } },
      },
    });
  });

  test("is asked for by name, with a token, of the version this reads", async () => {
    const on = bench(() => totals([["1", "EUR"]]));
    await ingest(on);
    const [first] = on.sent;
    expect(first?.method).toBe("POST");
    expect(first?.url).toBe(
      `https://management.azure.com/${SUBSCRIPTION}/providers/Microsoft.CostManagement/query?api-version=2025-03-01`,
    );
    expect(first?.headers["clienttype"]).toBe("apportion");
    expect(first?.headers["user-agent"]).toMatch(/^apportion /);
    expect(first?.headers["authorization"]).toBe("Bearer secret");
    expect(on.tokens).toEqual(["https://management.azure.com/.default"]);
  });

  test.each([
    ["6e-05", "0.00006"],
    ["5.64902E-05", "0.0000564902"],
    ["1.5e3", "1500"],
    ["12345678901234567.89", "12345678901234567.89"],
    ["0.16677720329728665", "0.16677720329728665"],
    ["-3.0000000000000000001", "-3.0000000000000000001"],
    ["1e-20", "0.00000000000000000001"],
    ["0.0", "0"],
  ])("keeps the digits of %s", async (written, exact) => {
    const on = bench(() => totals([[written, "USD"]]));
    expect(amounts(await ingest(on))).toEqual([`billed ${exact} USD`, `effective ${exact} USD`]);
  });

  test("adds rows of a currency exactly and keeps currencies apart", async () => {
    const on = bench(() =>
      totals([
        ["12345678901234567.89", "USD"],
        ["-1e-20", "USD"],
        ["0.1", "EUR"],
        ["0.2", "EUR"],
      ]),
    );
    expect(amounts(await ingest(on)).slice(0, 2)).toEqual([
      "billed 0.3 EUR",
      "billed 12345678901234567.88999999999999999999 USD",
    ]);
  });

  test.each([
    ["PreTaxCost", "Currency"],
    ["Cost", "Currency"],
    ["totalCost", "BillingCurrency"],
    ["CostInBillingCurrency", "BillingCurrencyCode"],
  ])("finds %s and %s wherever they stand", async (cost, currency) => {
    const on = bench(() => ({
      body: JSON.stringify({
        properties: {
          columns: [{ name: "UsageDate" }, { name: currency }, { name: "CostUSD" }, { name: cost }],
          rows: [[20260701, "eur", 7, 8.5]],
        },
      }),
    }));
    expect(amounts(await ingest(on))).toEqual(["billed 8.5 EUR", "effective 8.5 EUR"]);
  });

  test("is absent where Azure has no data", async () => {
    const none = bench(() => ({ status: 204, headers: {} }));
    expect(amounts(await ingest(none))).toEqual([]);
    const empty = bench(() => totals([]));
    expect(amounts(await ingest(empty))).toEqual([]);
  });
});

describe("recorded answers", () => {
  test.for([
    ["CostFilterTest.test_cost_resource.json", "0.16403"],
    ["CostFilterTest.test_cost_resource_group.json", "17.819825"],
  ])("%s", async ([name, sum], { skip }) => {
    const cassette = recorded(`rest-recordings/${name}`) as Cassette | null;
    if (cassette === null) return skip(ABSENT);
    const answer = cassette.interactions.find(({ request }) => request.uri.includes("/query?"));
    const on = bench(() => ({ body: JSON.stringify(answer?.response.body.data) }));
    expect(amounts(await ingest(on))).toEqual([`billed ${sum} USD`, `effective ${sum} USD`]);
  });

  test("Microsoft's example, whose next page is of an older version", async ({ skip }) => {
    const example = recorded("rest-examples/query-usage-billing-account-2025-03-01.json") as {
      response: { body: { properties: { nextLink: string } } };
    } | null;
    if (example === null) return skip(ABSENT);
    const { body } = example.response;
    const on = bench(({ url }) =>
      url === body.properties.nextLink
        ? { body: JSON.stringify({ properties: { ...body.properties, nextLink: null } }) }
        : { body: JSON.stringify(body) },
    );
    const sum = "426.982699702204957300";
    const [billed] = (await ingest(on)).stated;
    expect(billed?.amount).toBe(sum.replace(/0+$/, ""));
    expect(on.sent[1]?.url).toBe(body.properties.nextLink);
  });
});

describe("landing", () => {
  test("keeps the bodies as received, closed to others, and is read without the network", async () => {
    const on = bench(() => totals([["1.250e1", "EUR"]]));
    const unit = unitOf("2026-07");
    const landed = await on.source.land(unit, on.context);
    const [file] = landed;
    expect(landed).toHaveLength(1);
    expect(file?.path.startsWith(`${on.context.home}/landing/azure-says/2026-07/`)).toBe(true);
    expect(statSync(file?.path ?? "").mode & 0o777).toBe(0o600);
    expect(statSync(file?.path ?? "").size).toBe(file?.bytes);
    expect(readFileSync(file?.path ?? "", "utf8")).toContain("[1.250e1,");
    const offline = bench(() => ({ breaks: true }));
    expect(amounts(await offline.source.load(unit, landed))).toEqual([
      "billed 12.50 EUR",
      "effective 12.50 EUR",
    ]);
    expect(offline.sent).toEqual([]);
    expect(offline.tokens).toEqual([]);
  });

  test("lands two answers as two files", async () => {
    let amount = 1;
    const on = bench(() => totals([[String(amount++), "EUR"]]));
    const [first] = await on.source.land(unitOf("2026-07"), on.context);
    const [second] = await on.source.land(unitOf("2026-07"), on.context);
    expect(second?.path).not.toBe(first?.path);
    expect(readFileSync(first?.path ?? "", "utf8")).toContain("[1,");
  });

  test("refuses a landed file that changed, is gone, or is about another month", async () => {
    const on = bench(() => totals([["1", "EUR"]]));
    const unit = unitOf("2026-07");
    const landed = await on.source.land(unit, on.context);
    const path = landed[0]?.path ?? "";
    await expect(on.source.load(unitOf("2026-06"), landed)).rejects.toThrow(
      /is about subscriptions\/.* 2026-07, not .* 2026-06/,
    );
    await expect(on.source.load(unit, [])).rejects.toThrow(/no landed query/);
    writeFileSync(path, readFileSync(path, "utf8").replace("[1,", "[2,"));
    await expect(on.source.load(unit, landed)).rejects.toMatchObject({
      code: "FILE_INVALID",
      message: expect.stringContaining("bytes changed") as string,
    });
    rmSync(path);
    await expect(on.source.load(unit, landed)).rejects.toThrow(/cannot be read/);
  });

  test("lands nothing when the second answer is bad", async () => {
    const on = bench(({ body }) =>
      typeOf(body) === "ActualCost" ? totals([["1", "EUR"]]) : { body: '{"properties":' },
    );
    await expect(on.source.land(unitOf("2026-07"), on.context)).rejects.toThrow(/AmortizedCost/);
    expect(() => statSync(`${on.context.home}/landing`)).toThrow(/ENOENT/);
  });
});
