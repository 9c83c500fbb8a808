import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Showback } from "../../api/schemas/showback.ts";
import { toUnits } from "../../data/money.ts";
import { clusterHome } from "../cluster-home.ts";
import { describeWith } from "../needs.ts";
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

it("gives teams and namespaces of the newest month their exact cost, in each currency", async () => {
  const { text, status, headers } = await server.get("/metrics");
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  for (const currency of ["EUR", "USD"])
    for (const by of ["team", "namespace"]) {
      const answer = await server.get(`/api/v1/showback?by=${by}&currency=${currency}`);
      for (const row of (answer.json() as Showback).data) {
        if (row.key === "") continue;
        const [cluster, namespace] = row.key.split("/");
        const labels =
          by === "team"
            ? `month="2026-08",currency="${currency}",team="${row.key}",name="${row.name}"`
            : `month="2026-08",currency="${currency}",cluster="${cluster}",namespace="${namespace}"`;
        const line = text
          .split("\n")
          .find((one) => one.startsWith(`apportion_${by}_effective_cost{${labels}} `));
        expect(toUnits(line?.split(" ").at(-1) ?? ""), labels).toBe(toUnits(row.cost));
      }
    }
  expect(text).toMatch(/apportion_source_ok\{source="bill"\} 1/);
  expect(text).toMatch(/apportion_month_checks_failed\{month="2026-08"\} 1/);
  expect(text).toMatch(/apportion_month_published_timestamp_seconds\{month="2026-08"\} 1789905600/);
});

describeWith("Prometheus", "what Prometheus's own checker says", (path) => {
  it("has no complaint about the text", async () => {
    const { text } = await server.get("/metrics");
    const out = execFileSync(join(dirname(path), "promtool"), ["check", "metrics"], {
      input: text,
      encoding: "utf8",
    });
    expect(out).toBe("");
  });
});
