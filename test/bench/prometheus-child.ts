import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homePaths, makeHome } from "../../data/files.ts";
import { openEndpoint } from "../../ingest/prometheus/endpoint.ts";
import { METRICS } from "../../ingest/prometheus/metrics.ts";
import { pooled } from "../../ingest/prometheus/probe.ts";
import { remoteRequest } from "../../ingest/prometheus/remote-read.ts";
import { prometheusSource } from "../../ingest/prometheus/source.ts";
import { DAY } from "./prometheus-data.ts";

/**
 * One measured job in a process of its own; prints seconds, CPU-seconds and peak memory as JSON.
 *
 *   fetch URL              all series of the day, thrown away
 *   fetch-containers URL   CPU and memory of containers, thrown away
 *   facts URL              the product: plan and land
 */
const [job, url = ""] = process.argv.slice(2);
const config = { type: "prometheus", name: "bench", cluster: "bench", url } as const;
const signal = new AbortController().signal;
const started = performance.now();
const before = process.cpuUsage();
const bytes = job === "facts" ? await facts() : await fetchAll(job === "fetch-containers");
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  JSON.stringify({
    bytes,
    wall: (performance.now() - started) / 1e3,
    cpu: (user + system) / 1e6,
    mib: process.resourceUsage().maxRSS / 1024,
  }),
);
process.exit(0);

async function fetchAll(containers: boolean): Promise<number> {
  const from = Date.parse(`${DAY}T00:00:00Z`);
  const endpoint = openEndpoint(config, ".");
  const metrics = METRICS.filter((metric) => !containers || metric.needed);
  let bytes = 0;
  await pooled(metrics, 2, async (metric) => {
    const answer = await endpoint.post("/api/v1/read", {
      body: remoteRequest({
        from: from - 300_000,
        until: from + 86_400_000 - 1,
        matchers: [["__name__", "=", metric.name], ...metric.where],
      }),
      headers: {
        "content-type": "application/x-protobuf",
        "content-encoding": "snappy",
        "x-prometheus-remote-read-version": "0.1.0",
      },
      signal,
      timeoutMs: 60_000,
    });
    for await (const piece of answer) bytes += (piece as Buffer).length;
  });
  return bytes;
}

async function facts(): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), "apportion-bench-"));
  await makeHome(homePaths(home));
  const source = prometheusSource(config, ".");
  const context = { home, now: () => new Date("2026-08-04T00:30:00Z"), progress() {}, signal };
  const plan = await source.plan(context);
  const unit = plan.units.find(({ unit }) => unit.endsWith(DAY));
  if (unit === undefined) throw new Error("the day is not planned");
  const landed = await source.land(unit, context);
  await rm(home, { recursive: true });
  return landed.reduce((sum, file) => sum + file.bytes, 0);
}
