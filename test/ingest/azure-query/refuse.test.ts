import { describe, expect, test } from "vitest";
import { createAzureQuerySource } from "../../../ingest/azure-query/source.ts";
import { bench, ingest, JSON_TYPE, network, SUBSCRIPTION, totals, unitOf } from "./fake.ts";

const failure = (code: string, message = "said Azure") =>
  JSON.stringify({ error: { code, message } });
const BILLING = "providers/Microsoft.Billing/billingAccounts";

describe("a refused call", () => {
  test.each([
    [401, SUBSCRIPTION, /role "Cost Management Reader"/],
    [403, `/${SUBSCRIPTION}/resourceGroups/rg-claims`, /role "Cost Management Reader"/],
    [403, "providers/Microsoft.Management/managementGroups/root", /Enterprise Agreements only/],
    [403, `${BILLING}/70664866`, /Enrollment reader.*not an Azure RBAC role/],
    [401, `${BILLING}/70664866/departments/1234`, /DA view charges/],
    [
      403,
      `${BILLING}/5e98e158-xxxx:9a2bd2a1_2019-05-31/billingProfiles/AB-CD`,
      /Billing profile reader/,
    ],
  ])("%i on %s names the scope and the role", async (status, scope, role) => {
    const on = bench(() => ({ status, headers: JSON_TYPE, body: failure("Forbidden") }), { scope });
    const error = await ingest(on).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "AZURE_REFUSED",
      message: expect.stringMatching(role) as string,
    });
    expect(String(error)).toContain(`${scope.replace(/^\//, "").toLowerCase()}, 2026-07`);
    expect(String(error)).toContain(`HTTP ${status} Forbidden: said Azure`);
    expect(on.sent).toHaveLength(1);
  });

  test.each([
    ["AccountCostDisabled", /Account owners can view charges/],
    ["DepartmentCostDisabled", /Department admins can view charges/],
    ["IndirectCostDisabled", /partner, who must release its markup/],
  ])("%s says who can switch it on", async (code, who) => {
    const on = bench(() => ({ status: 400, body: failure(code) }), { scope: `${BILLING}/1` });
    await expect(ingest(on)).rejects.toMatchObject({
      code: "AZURE_REFUSED",
      message: expect.stringMatching(who) as string,
    });
  });

  test("any other refusal repeats what Azure said, on one line", async () => {
    const on = bench(() => ({ status: 404, body: failure("NotFound", "gone\u001b[2J\nsecond") }));
    await expect(ingest(on)).rejects.toMatchObject({
      code: "AZURE_REFUSED",
      message: expect.stringMatching(/HTTP 404 NotFound: gone\\u\{1b\}\[2J\); check/) as string,
    });
  });

  test("a failed sign-in is not a fault of ours and is not repeated", async () => {
    let asked = 0;
    const on = bench(
      () => totals([]),
      {},
      {
        credential: {
          getToken: () => {
            asked++;
            return Promise.reject(new Error("no identity here\nat all"));
          },
        },
      },
    );
    await expect(ingest(on)).rejects.toMatchObject({
      code: "AZURE_REFUSED",
      message: expect.stringMatching(/could not sign in to Azure \(no identity here\)/) as string,
    });
    expect([asked, on.sent.length]).toEqual([1, 0]);
  });
});

describe("an answer that is none", () => {
  const html = "<!DOCTYPE html><html><head><title>Corporate Proxy</title></head></html>";
  test.each([
    [200, { "content-type": "text/html" }],
    [200, JSON_TYPE],
    [403, { "content-type": "text/html" }],
  ])("a proxy's page (%i, %o)", async (status, headers) => {
    const on = bench(() => ({ status, headers, body: html }));
    await expect(ingest(on)).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringMatching(
        /2026-07 \(ActualCost\): a web page came back .*"Corporate Proxy"/,
      ) as string,
    });
  });

  const columns = '"columns":[{"name":"Cost"},{"name":"Currency"}]';
  test.each([
    ["cut off", '{"properties":{"rows":[[1.2', /not whole JSON \(27 bytes/],
    ["empty", "", /the answer is empty/],
    ["a list", "[]", /JSON but not an object/],
    ["without properties", "{}", /has no rows/],
    ["without columns", '{"properties":{"rows":[]}}', /has no columns/],
    [
      "without a cost",
      '{"properties":{"columns":[{"name":"Usage"},{"name":"Currency"}],"rows":[[1,"EUR"]]}}',
      /no cost column; it has "Usage", "Currency"/,
    ],
    [
      "without a currency",
      '{"properties":{"columns":[{"name":"Cost"}],"rows":[[1]]}}',
      /no currency column/,
    ],
    [
      "with two costs",
      '{"properties":{"columns":[{"name":"Cost"},{"name":"cost"},{"name":"Currency"}],"rows":[[1,2,"EUR"]]}}',
      /two columns "Cost"/,
    ],
    [
      "with null",
      `{"properties":{${columns},"rows":[[null,"EUR"]]}}`,
      /row 1 has no amount but null/,
    ],
    ["with a short row", `{"properties":{${columns},"rows":[[1]]}}`, /no currency but nothing/],
    [
      "with a number too far",
      `{"properties":{${columns},"rows":[[1e999999999,"EUR"]]}}`,
      /no amount but 1e999999999/,
    ],
  ])("%s", async (_, body, said) => {
    const on = bench(() => ({ body }));
    const error = await ingest(on).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringMatching(said) as string,
    });
    expect(String(error)).toContain(`${SUBSCRIPTION}, 2026-07 (ActualCost)`);
  });
});

describe("pages", () => {
  const link = `https://management.azure.com/${SUBSCRIPTION}/providers/Microsoft.CostManagement/Query?api-version=2021-10-01&$skiptoken=AQAAAA%3D%3D`;

  test("are followed as given, with POST and the same body", async () => {
    const on = bench(({ url }) =>
      url.includes("skiptoken") ? totals([["0.2", "EUR"]]) : totals([["0.1", "EUR"]], link),
    );
    const [billed] = (await ingest(on)).stated;
    expect(billed?.amount).toBe("0.3");
    const [first, second] = on.sent;
    expect(second?.url).toBe(link);
    expect(second?.method).toBe("POST");
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["authorization"]).toBe("Bearer secret");
    expect(second?.headers["clienttype"]).toBe("apportion");
    expect(second?.headers["content-type"]).toMatch(/^application\/json/);
  });

  test("wait for the rate limit too", async () => {
    let refused = false;
    const on = bench(({ url }) => {
      if (!url.includes("skiptoken")) return totals([["0.1", "EUR"]], link);
      if (refused) return totals([["0.2", "EUR"]]);
      refused = true;
      return { status: 429, headers: { "retry-after": "9" } };
    });
    const [billed] = (await ingest(on)).stated;
    expect([billed?.amount, on.slept]).toEqual(["0.3", [9_000]]);
  });

  test.each([
    "https://evil.example/providers/Microsoft.CostManagement/query",
    "https://management.azure.com.evil.example/providers/Microsoft.CostManagement/query",
    "https://management.azure.com@evil.example/providers/Microsoft.CostManagement/query",
    "https://user:pw@management.azure.com/providers/Microsoft.CostManagement/query",
    "https://management.azure.com:8443/providers/Microsoft.CostManagement/query",
    "http://management.azure.com/providers/Microsoft.CostManagement/query",
    "https://management.azure.com/subscriptions/1/providers/Microsoft.Compute/virtualMachines/a/restart",
    "//evil.example/providers/Microsoft.CostManagement/query",
  ])("at %s are never asked for", async (evil) => {
    const on = bench(() => totals([["1", "EUR"]], evil));
    await expect(ingest(on)).rejects.toMatchObject({
      code: "AZURE_REFUSED",
      message: expect.stringContaining("not followed") as string,
    });
    expect(on.sent.map(({ url }) => url)).toEqual([
      `https://management.azure.com/${SUBSCRIPTION}/providers/Microsoft.CostManagement/query?api-version=2025-03-01`,
    ]);
  });

  test.each(["https://evil.example/query", "https://management.azure.com/other"])(
    "a redirect to %s is not followed",
    async (location) => {
      const on = bench(() => ({ status: 307, headers: { location } }));
      await expect(ingest(on)).rejects.toThrow(/HTTP 307/);
      expect(on.sent).toHaveLength(1);
    },
  );

  test("that link to themselves or never end are refused", async () => {
    const loop = bench(() => totals([["1", "EUR"]], link));
    await expect(ingest(loop)).rejects.toThrow(/links to itself/);
    expect(loop.sent).toHaveLength(2);
    const endless = bench((_, count) => totals([["1", "EUR"]], `${link}${count}`));
    await expect(ingest(endless)).rejects.toThrow(/more than 100/);
    expect(endless.sent).toHaveLength(100);
  });
});

describe("configuration", () => {
  const create = (config: { scope?: string; endpoint?: string }) =>
    createAzureQuerySource({
      type: "azure-query",
      name: "azure-says",
      scope: SUBSCRIPTION,
      ...config,
    });

  test.each([
    "",
    "subscriptions/",
    "subscriptions/not-a-guid",
    `${SUBSCRIPTION}/resourceGroups/..`,
    `${SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines/a`,
    `${SUBSCRIPTION}?x=1`,
    `${SUBSCRIPTION}/resourceGroups/a#b`,
    `${BILLING}/../../x`,
    "https://evil.example",
  ])('refuses the scope "%s"', (scope) => {
    expect(() => create({ scope })).toThrow(/scope ".*" is not one Azure knows/);
  });

  test.each([
    "http://management.azure.com",
    "https://management.azure.com.evil.example",
    "https://169.254.169.254",
    "https://management.azure.com/x",
  ])("refuses the endpoint %s", (endpoint) => {
    expect(() => create({ endpoint })).toThrow(/is not Azure's/);
  });

  test("asks a sovereign cloud with its own tokens", async () => {
    const on = bench(() => totals([["1", "USD"]]), {
      endpoint: "https://management.usgovcloudapi.net/",
    });
    await ingest(on);
    expect(new Set(on.sent.map(({ host }) => host))).toEqual(
      new Set(["management.usgovcloudapi.net"]),
    );
    expect(on.tokens).toEqual(["https://management.usgovcloudapi.net/.default"]);
  });

  test("escapes what a name may hold", async () => {
    const { httpClient, sent } = network(() => totals([["1", "USD"]]));
    const on = bench(
      () => totals([]),
      { scope: `/${SUBSCRIPTION}/resourceGroups/Größe(1)/` },
      {
        httpClient,
      },
    );
    await on.source.land(unitOf("2026-07"), on.context);
    expect(new URL(sent[0]?.url ?? "").pathname).toBe(
      `/${SUBSCRIPTION}/resourceGroups/Gr%C3%B6%C3%9Fe(1)/providers/Microsoft.CostManagement/query`,
    );
  });
});
