import { describe, expect, test } from "vitest";
import { amounts, bench, ingest, SUBSCRIPTION, totals, unitOf, type Reply } from "./fake.ts";

const BUSY = '{"error":{"code":"429","message":"Too many requests. Please retry."}}';
const busy = (headers: Record<string, string>): Reply => ({ status: 429, headers, body: BUSY });
const EUR = totals([["1", "EUR"]]);
const quota = (of: string) => `x-ms-ratelimit-microsoft.costmanagement-${of}-retry-after`;

describe("the rate limit", () => {
  test.each([
    [quota("qpu"), "11", 11_000],
    [quota("entity"), "12", 12_000],
    [quota("tenant"), "13", 13_000],
    [quota("client"), "14", 14_000],
    [quota("clienttype"), "15", 15_000],
    ["x-ms-ratelimit-microsoft.consumption-retry-after", "16", 16_000],
    ["Retry-After", "17", 17_000],
    ["retry-after-ms", "1800", 1_800],
    ["x-ms-retry-after-ms", "1900", 1_900],
  ])("waits as %s: %s says, then goes on", async (header, value, ms) => {
    const on = bench((_, count) => (count === 1 ? busy({ [header]: value }) : EUR));
    expect(amounts(await ingest(on))).toEqual(["billed 1 EUR", "effective 1 EUR"]);
    expect(on.slept).toEqual([ms]);
    expect(on.sent).toHaveLength(3);
    expect(on.sent[1]).toEqual(on.sent[0]);
  });

  test("waits for the longest of all headers", async () => {
    const on = bench((_, count) =>
      count === 1
        ? busy({
            "Retry-After": "3",
            "retry-after-ms": "4000",
            [quota("qpu")]: "7",
            [quota("entity")]: "41",
            [quota("tenant")]: "0",
            [quota("client")]: "nonsense",
          })
        : EUR,
    );
    await ingest(on);
    expect(on.slept).toEqual([41_000]);
  });

  test("reads a date against the sender's clock, else against ours", async () => {
    const retry = "Tue, 15 Sep 2026 10:02:00 GMT";
    const sender = bench((_, count) =>
      count === 1 ? busy({ "Retry-After": retry, Date: "Tue, 15 Sep 2026 10:01:15 GMT" }) : EUR,
    );
    await ingest(sender);
    expect(sender.slept).toEqual([45_000]);
    const ours = bench((_, count) => (count === 1 ? busy({ "Retry-After": retry }) : EUR));
    await ingest(ours);
    expect(ours.slept).toEqual([120_000]);
  });

  test("without a header waits half a minute and more each time", async () => {
    const on = bench((_, count) => (count <= 3 ? busy({}) : EUR));
    await ingest(on);
    expect(on.slept).toEqual([30_000, 60_000, 120_000]);
    expect(on.progress).toContain("azure-says: waiting 30 s (Azure's rate limit)");
  });

  test("takes a 503 that names a wait for what it is", async () => {
    const on = bench((_, count) =>
      count === 1 ? { status: 503, headers: { "Retry-After": "25" } } : EUR,
    );
    await ingest(on);
    expect(on.slept).toEqual([25_000]);
  });

  test("gives up once the waiting of all requests exceeds the budget", async () => {
    const on = bench(
      (_, count) => (count % 2 === 1 ? busy({ [quota("qpu")]: "400" }) : EUR),
      {},
      {
        limits: { budgetMs: 1_000_000 },
      },
    );
    await ingest(on);
    expect(on.slept).toEqual([400_000, 400_000]);
    await expect(ingest(on, "2026-06")).rejects.toMatchObject({
      code: "AZURE_THROTTLED",
      message: expect.stringContaining(
        `azure-says: ${SUBSCRIPTION}: Azure's rate limit wants another 400 s (asked 1 times)`,
      ) as string,
    });
    expect(on.slept).toHaveLength(2);
  });

  test("gives up after a number of attempts, however short the waits", async () => {
    const on = bench(() => busy({ "Retry-After": "1" }));
    await expect(ingest(on)).rejects.toMatchObject({ code: "AZURE_THROTTLED" });
    expect(on.sent).toHaveLength(8);
    expect(on.slept).toEqual(Array.from({ length: 7 }, () => 1_000));
  });

  test("is not asked again before the time it named, and then is", async () => {
    let clock = Date.parse("2026-09-15T10:00:00Z");
    let open = false;
    const on = bench(
      () => (open ? EUR : busy({ [quota("tenant")]: "3600" })),
      {},
      {
        now: () => new Date(clock),
      },
    );
    await expect(ingest(on)).rejects.toMatchObject({ code: "AZURE_THROTTLED" });
    expect(on.slept).toEqual([]);
    open = true;
    clock += 600_000;
    await expect(ingest(on, "2026-06")).rejects.toThrow(/another 3000 s \(not asked again\)/);
    expect(on.sent).toHaveLength(1);
    clock += 3_000_000;
    expect(amounts(await ingest(on, "2026-06"))).toEqual(["billed 1 EUR", "effective 1 EUR"]);
  });
});

describe("a broken connection", () => {
  test("is tried again, as are server errors", async () => {
    const on = bench((_, count) =>
      count === 1 ? { breaks: true } : count === 2 ? { status: 502 } : EUR,
    );
    expect(amounts(await ingest(on))).toEqual(["billed 1 EUR", "effective 1 EUR"]);
    expect(on.slept).toEqual([2_000, 4_000]);
  });

  test("that stays broken is named", async () => {
    const on = bench(() => ({ breaks: true }));
    await expect(ingest(on)).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringMatching(
        /2026-07 \(ActualCost\): management\.azure\.com could not be reached \(read ECONNRESET\)/,
      ) as string,
    });
    expect(on.sent).toHaveLength(4);
  });

  test("a server error that stays is named", async () => {
    const on = bench(() => ({ status: 500, body: '{"error":{"code":"Oops","message":"later"}}' }));
    await expect(ingest(on)).rejects.toThrow(/2026-07 .*HTTP 500 Oops: later/);
    expect(on.sent).toHaveLength(4);
  });
});

describe("stopping", () => {
  test("ends a wait at once", async () => {
    const on = bench(
      () => busy({ "Retry-After": "600" }),
      {},
      {
        sleep: (_, signal) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener("abort", () => reject(new Error("woken")));
            queueMicrotask(() => on.stop.abort());
          }),
      },
    );
    await expect(on.source.land(unitOf("2026-07"), on.context)).rejects.toThrow("woken");
    expect(on.sent).toHaveLength(1);
  });
});
