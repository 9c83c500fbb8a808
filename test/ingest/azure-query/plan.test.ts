import { readFileSync } from "node:fs";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { AzureQueryConfig } from "../../../ingest/azure-query/config.ts";
import { bench, recorded, SUBSCRIPTION, totals, unitOf, type Reply } from "./fake.ts";

const EXPORTS = { body: '{"value":[]}' };

function exported(name: string, properties: Record<string, unknown>): Record<string, unknown> {
  return {
    name,
    properties: {
      schedule: { status: "Active", recurrence: "Daily" },
      definition: { type: "FocusCost", dataSet: { configuration: { dataVersion: "1.0r2" } } },
      runHistory: { value: [] },
      ...properties,
    },
  };
}

const run = (status: string, submittedTime: string, error?: object) => ({
  properties: { status, submittedTime, ...(error === undefined ? {} : { error }) },
});

const listing = (...value: unknown[]): Reply => ({ body: JSON.stringify({ value }) });

describe("plan", () => {
  test("has a unit for each of the last months, the newest first", async () => {
    const on = bench(() => EXPORTS);
    const { units, problems } = await on.source.plan(on.context);
    expect(problems).toEqual([]);
    expect(units).toHaveLength(13);
    expect(units[0]).toMatchObject({
      unit: `${SUBSCRIPTION}/2026-09`,
      months: ["2026-09"],
      submittedAt: "2026-09-15T10:00:00.000Z",
    });
    expect(units.at(-1)?.months).toEqual(["2025-09"]);
    expect((await bench(() => EXPORTS, { months: 2 }).source.plan(on.context)).units).toHaveLength(
      2,
    );
    expect(on.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      `GET /${SUBSCRIPTION}/providers/Microsoft.CostManagement/exports`,
    ]);
  });

  test("asks for moving months daily and for settled ones on one day a week each", async () => {
    const changes = new Map<string, number>();
    let before = new Map<string, string>();
    for (let day = 10; day <= 24; day++) {
      const on = bench(() => EXPORTS, {}, {}, `2026-09-${day}T23:30:00Z`);
      const { units } = await on.source.plan(on.context);
      const after = new Map(units.map(({ unit, fingerprint }) => [unit.slice(-7), fingerprint]));
      if (day > 10)
        for (const [month, fingerprint] of after)
          if (fingerprint !== before.get(month)) changes.set(month, (changes.get(month) ?? 0) + 1);
      before = after;
    }
    const counts = Object.fromEntries(changes);
    expect([counts["2026-09"], counts["2026-08"]]).toEqual([14, 14]);
    expect(Object.values(counts).filter((count) => count === 2)).toHaveLength(11);
  });

  test("is the same twice a day", async () => {
    const prints = async (now: string) => {
      const on = bench(() => EXPORTS, {}, {}, now);
      return (await on.source.plan(on.context)).units.map(({ fingerprint }) => fingerprint);
    };
    expect(await prints("2026-09-15T00:00:00Z")).toEqual(await prints("2026-09-15T23:59:59Z"));
  });

  test("reports failed exports and those timed out, not ended or idle ones", async () => {
    const on = bench(() =>
      listing(
        exported("daily", {
          runHistory: {
            value: [
              run("Completed", "2026-09-13T05:00:00Z"),
              run("Failed", "2026-09-14T05:00:00.1234567Z", {
                code: "StorageDenied",
                message: "no access",
              }),
            ],
          },
        }),
        exported("slow", { runHistory: { value: [run("Timeout", "2026-09-14T05:00:00Z")] } }),
        exported("fine", {
          runHistory: {
            value: [
              run("Completed", "2026-09-14T05:00:00Z"),
              run("Failed", "2026-09-13T05:00:00Z"),
            ],
          },
        }),
        exported("retired", {
          schedule: { status: "Inactive" },
          runHistory: { value: [run("Failed", "2026-09-14T05:00:00Z")] },
        }),
      ),
    );
    const { units, problems } = await on.source.plan(on.context);
    expect(units).toHaveLength(13);
    expect(problems.map(({ unit }) => unit)).toEqual(["exports/daily", "exports/slow"]);
    expect(problems[0]?.error).toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringMatching(
        /export "daily" \(2026-09-14T05:00:00\.1234567Z\) ended as Failed: StorageDenied: no access/,
      ) as string,
    });
  });

  test("goes on without the exports where they may not be listed", async () => {
    const on = bench(({ method }) =>
      method === "GET"
        ? { status: 403, body: '{"error":{"code":"AuthorizationFailed","message":"no"}}' }
        : totals([["1", "EUR"]]),
    );
    const { units, problems } = await on.source.plan(on.context);
    expect(units).toHaveLength(13);
    expect(problems).toMatchObject([{ unit: "exports", error: { code: "AZURE_REFUSED" } }]);
    const landed = await on.source.land(unitOf("2026-09"), on.context);
    expect(landed.map(({ name }) => name)).toEqual(["query"]);
  });
});

describe("exports", () => {
  test("are read from the text, with what the SDK's objects lack", async () => {
    const on = bench(() =>
      listing(
        exported("focus", { runHistory: { value: [run("InProgress", "2026-09-15T05:00:00Z")] } }),
        exported("once", { schedule: undefined, definition: { type: "Usage" } }),
      ),
    );
    expect(await on.source.listExports(on.context)).toEqual([
      {
        name: "focus",
        type: "FocusCost",
        dataVersion: "1.0r2",
        scheduleStatus: "Active",
        lastRun: { status: "InProgress", submittedTime: "2026-09-15T05:00:00Z" },
      },
      { name: "once", type: "Usage", scheduleStatus: null, lastRun: null },
    ]);
    const url = new URL(on.sent[0]?.url ?? "");
    expect(url.searchParams.get("$expand")).toBe("runHistory");
    expect(url.searchParams.get("api-version")).toBe("2025-03-01");
    expect(on.sent[0]?.headers["clienttype"]).toBe("apportion");
  });

  test("are landed with the current month, without asking twice", async () => {
    const on = bench(({ method }) =>
      method === "GET" ? listing(exported("focus", {})) : totals([["1", "EUR"]]),
    );
    await on.source.plan(on.context);
    const landed = await on.source.land(unitOf("2026-09"), on.context);
    expect(landed.map(({ name }) => name)).toEqual(["query", "exports"]);
    expect(JSON.parse(readFileSync(landed[1]?.path ?? "", "utf8"))).toMatchObject({
      scope: SUBSCRIPTION,
      exports: [{ name: "focus", lastRun: null }],
    });
    expect(await on.source.land(unitOf("2026-08"), on.context)).toHaveLength(1);
    expect(on.sent.filter(({ method }) => method === "GET")).toHaveLength(1);
    const loaded = await on.source.load(unitOf("2026-09"), landed);
    expect(loaded.stated).toHaveLength(2);
  });

  test("as recorded, whose runs are a call of their own", async ({ skip }) => {
    const cassette = recorded("rest-recordings/CostManagementExportTest.last-execution.json") as {
      interactions: { request: { uri: string }; response: { body: { data: unknown } } }[];
    } | null;
    const history = recorded("rest-examples/export-run-history-2025-03-01.json");
    if (cassette === null || history === null)
      return skip("the recordings in ../shared/data/azure are not on this machine");
    const bodyOf = (path: string): Reply => {
      const found = cassette.interactions.find(({ request }) =>
        new URL(request.uri).pathname.endsWith(path),
      );
      return { body: JSON.stringify(found?.response.body.data) };
    };
    const status = { name: "cccostexport", type: "Usage", scheduleStatus: "Active" };
    const never = bench(({ url }) =>
      bodyOf(url.includes("/runHistory") ? "/runHistory" : "/exports"),
    );
    expect(await never.source.listExports(never.context)).toEqual([{ ...status, lastRun: null }]);
    const once = bench(({ url }) =>
      url.includes("/runHistory") ? { body: JSON.stringify(history) } : bodyOf("/exports"),
    );
    expect(await once.source.listExports(once.context)).toEqual([
      {
        ...status,
        lastRun: { status: "Completed", submittedTime: "2018-08-03T07:52:15.6016681Z" },
      },
    ]);
  });
});

describe("the configuration's schema", () => {
  const entry = { type: "azure-query", name: "azure-says", scope: SUBSCRIPTION };
  test("takes what the contract shows", () => {
    expect(Value.Check(AzureQueryConfig, entry)).toBe(true);
    expect(Value.Check(AzureQueryConfig, { ...entry, auth: { type: "azure" }, months: 13 })).toBe(
      true,
    );
  });
  test.each([
    { ...entry, extra: 1 },
    { ...entry, months: 0 },
    { ...entry, name: "../up" },
    { ...entry, auth: { type: "azure", secret: "x" } },
    { ...entry, endpoint: "http://management.azure.com" },
    { type: "azure-query", name: "azure-says" },
  ])("refuses %o", (bad) => {
    expect(Value.Check(AzureQueryConfig, bad)).toBe(false);
  });
});
