import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readConfig } from "../../../api/config.ts";
import { cli, withFolder, writeConfig } from "../../home.ts";
import { describeWith } from "../../needs.ts";
import {
  factsOf,
  type RunningPrometheus,
  startPrometheus,
  writeBlocks,
} from "../prometheus/real.ts";
import { every, HOUR, type Series, START } from "../prometheus/scene.ts";
import { ledger, take } from "../taken.ts";

const END = START + 30 * HOUR;
const NOW = "2026-08-04T04:10:00Z";

/** Requests that two namespaces served, and a gauge that is not always a number. */
const SERIES: Series[] = [
  ...[
    ["shop", 2],
    ["claims", 0.5],
  ].map(([namespace, each]): Series => ({
    metric: "http_requests_total",
    labels: { namespace: String(namespace), pod: `${namespace}-1` },
    samples: every(60, START - HOUR, END, (at) => Number(each) * ((at - START + HOUR) / 60)),
  })),
  {
    metric: "db_cpu_seconds",
    labels: { team: "shop", database: "orders" },
    samples: every(60, START, END, (at) =>
      at < START + 2 * HOUR ? 1.25 : at < START + 3 * HOUR ? NaN : at < START + 4 * HOUR ? -1 : 0.1,
    ),
  },
  {
    metric: "db_cpu_seconds",
    labels: { database: "nameless" },
    samples: every(60, START, START + HOUR, () => 4),
  },
];

const sources = (url: string, more: string) =>
  `  - { type: prometheus, name: usage, cluster: prod, url: "${url}" }
  - { type: drivers, name: shares, prometheus: usage, ${more}, days: 3 }\n`;
const REQUESTS =
  'query: "sum by (namespace) (increase(http_requests_total[1h]))", driver: requests, consumer: "namespace:prod/{namespace}"';
const CPU = 'query: "db_cpu_seconds", driver: sql-cpu, consumer: "team:{team}"';

describeWith("Prometheus", "drivers by PromQL", (program) => {
  const folder = mkdtempSync(join(tmpdir(), "apportion-drivers-"));
  let server: RunningPrometheus;
  beforeAll(async () => {
    server = await startPrometheus(program, folder, writeBlocks(folder, SERIES));
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const ingest = async (home: string, sources: string, now = NOW) =>
    take(home, { sources, only: ["shares"], now: new Date(now) });

  it("hour by hour, a day a unit, today growing; what was asked is not asked again", async () => {
    await withFolder(async (home) => {
      const first = await ingest(home, sources(server.url, REQUESTS));
      expect(first.events.map(({ unit, outcome, rows }) => [unit, outcome, rows])).toEqual([
        ["requests 2026-08-02", "loaded", 2],
        ["requests 2026-08-03", "loaded", 48],
        ["requests 2026-08-04", "loaded", 8],
      ]);
      const facts = await factsOf(
        home,
        "driver_hour",
        "hour, driver, consumer, CAST(quantity AS VARCHAR) AS quantity",
        "WHERE hour >= 1785715200 ORDER BY consumer, hour",
      );
      // 120 and 30 requests an hour; increase() extrapolates to the whole hour.
      expect(facts).toHaveLength(56);
      for (const [index, row] of facts.entries()) {
        const shop = index >= 28;
        expect(row).toEqual({
          hour: String(START + (index % 28) * HOUR),
          driver: "requests",
          consumer: shop ? "namespace:prod/shop" : "namespace:prod/claims",
          quantity: shop ? "120000000" : "30000000",
        });
      }
      const later = await ingest(home, sources(server.url, REQUESTS), "2026-08-04T05:20:00Z");
      expect(later.events.map(({ outcome, rows }) => [outcome, rows])).toEqual([
        ["unchanged", 2],
        ["unchanged", 48],
        ["loaded", 10],
      ]);
    });
  }, 60_000);

  it("NaN, negative values and series without the label are put aside by name", async () => {
    await withFolder(async (home) => {
      const { events, failed } = await ingest(home, sources(server.url, CPU));
      expect(failed).toBe(0);
      expect(events[1]).toMatchObject({
        unit: "sql-cpu 2026-08-03",
        outcome: "loaded",
        rejected: 3,
      });
      const aside = await ledger(
        home,
        "SELECT file, reason, text FROM quarantine WHERE unit = 'sql-cpu 2026-08-03' ORDER BY reason",
      );
      expect(aside.map(({ file }) => file)).toEqual(Array(3).fill("shares: sql-cpu"));
      expect(aside.map(({ reason }) => reason)).toEqual([
        expect.stringContaining('"-1" is negative'),
        expect.stringContaining('"NaN", not a number'),
        expect.stringContaining('no label "team"'),
      ]);
      expect(aside[1]?.["text"]).toContain("2026-08-03T01:00:00.000Z NaN");
      const [sum] = await factsOf(
        home,
        "driver_hour",
        "count(*)::INTEGER AS n, CAST(sum(quantity) AS VARCHAR) AS quantity",
        "WHERE hour >= 1785715200 AND hour < 1785801600",
      );
      // Evaluated at the end of each hour: one hour of 1.25, two that are none, and 21 of 0.1.
      expect(sum).toEqual({ n: 22, quantity: "3350000" });
    });
  }, 60_000);

  it("a query the server refuses, or a server that is gone, is one problem that says what to do", async () => {
    await withFolder(async (home) => {
      const wrong = CPU.replace('"db_cpu_seconds"', '"sum(("');
      const refused = await ingest(home, sources(server.url, wrong));
      expect(refused.events).toEqual([
        expect.objectContaining({
          unit: "shares",
          outcome: "failed",
          problem: expect.stringContaining("parse error"),
        }),
      ]);

      await ingest(home, sources(server.url, CPU));
      const gone = await ingest(home, sources("http://127.0.0.1:9", CPU), "2026-08-04T06:20:00Z");
      expect(gone.events).toEqual([
        expect.objectContaining({
          outcome: "failed",
          problem: expect.stringContaining("nothing listens there"),
        }),
      ]);
      expect((await factsOf(home, "driver_hour")).length).toBeGreaterThan(20);
    });
  }, 60_000);

  it("a server that forgot a day takes nothing; another query's answer replaces it", async () => {
    await withFolder(async (home) => {
      await ingest(home, sources(server.url, CPU));
      const count = async () => (await factsOf(home, "driver_hour")).length;
      const before = await count();
      const nothing = CPU.replace('"db_cpu_seconds"', '"absent_metric"');
      const poorer = await ingest(home, sources(server.url, nothing));
      expect(poorer.events.map(({ outcome }) => outcome)).toContain("poorer");
      expect(await count()).toBe(before);
      const other = CPU.replace('"db_cpu_seconds"', '"db_cpu_seconds >= 1"');
      await ingest(home, sources(server.url, other));
      expect(await count()).toBeLessThan(before);
    });
  }, 60_000);
});

it("a template whose brace names no label is refused", async () => {
  await withFolder(async (folder) => {
    const config = await writeConfig(
      folder,
      "",
      sources("http://127.0.0.1:1", CPU.replace("{team}", "{team")),
    );
    expect(() => readConfig(config)).toThrow("a brace that names no label");
  });
});

it("an answer that is a sign-in page is told as one", async () => {
  const page = createServer((_, answer) =>
    answer.writeHead(200, { "content-type": "text/html" }).end("<html><title>Sign in</title>"),
  );
  page.listen(0, "127.0.0.1");
  await once(page, "listening");
  try {
    await withFolder(async (home) => {
      const { port } = page.address() as { port: number };
      const text = sources(`http://127.0.0.1:${port}`, CPU);
      const result = await cli(
        ["ingest", "shares", "--config", await writeConfig(home, "", text)],
        {
          env: { APPORTION_NOW: NOW },
        },
      );
      expect(result).toMatchObject({ code: 3, units: [{ outcome: "failed" }] });
      expect(result.err).toContain("web page");
    });
  } finally {
    page.close();
  }
}, 30_000);
