import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { expect, test } from "vitest";
import { openClient } from "../../../ingest/azure-query/client.ts";
import { WAIT_LIMITS, WaitBudget } from "../../../ingest/azure-query/wait.ts";
import { bench, ingest, network, totals } from "./fake.ts";

test("a token is fetched anew after a wait, which may outlast it", async () => {
  let issued = 0;
  const on = bench(
    (_, count) =>
      count === 1 ? { status: 429, headers: { "retry-after": "300" } } : totals([["1", "EUR"]]),
    {},
    {
      credential: {
        getToken: () =>
          Promise.resolve({ token: `T${++issued}`, expiresOnTimestamp: Date.now() + 500 }),
      },
    },
  );
  await ingest(on);
  expect(on.sent.map(({ headers }) => headers["authorization"])).toEqual([
    "Bearer T1",
    "Bearer T2",
    "Bearer T3",
  ]);
});

test("the pipeline itself sends nothing to another host, whoever asks", async () => {
  const { httpClient, sent } = network(() => totals([]));
  let tokens = 0;
  const client = await openClient({
    place: "azure-says",
    endpoint: "https://management.azure.com",
    httpClient,
    credential: {
      getToken: () => {
        tokens++;
        return Promise.resolve({ token: "T", expiresOnTimestamp: Date.now() + 3_600_000 });
      },
    },
    throttle: {
      place: "azure-says",
      limits: WAIT_LIMITS,
      budget: new WaitBudget(0),
      sleep: () => Promise.resolve(),
      now: () => new Date(),
      onWait: () => undefined,
    },
  });
  const ask = (url: string) => client.sdk.sendRequest(createPipelineRequest({ url }));
  await expect(ask("https://evil.example/x")).rejects.toMatchObject({ code: "AZURE_REFUSED" });
  expect([tokens, sent.length]).toEqual([0, 0]);
  await ask("https://management.azure.com/x");
  expect([tokens, sent.length]).toEqual([1, 1]);
});
