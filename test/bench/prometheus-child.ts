import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homePaths, makeHome } from "../../data/files.ts";
import { METRICS } from "../../ingest/prometheus/metrics.ts";
import { pooled } from "../../ingest/prometheus/probe.ts";
import { remoteRequest } from "../../ingest/prometheus/remote-request.ts";
import { prometheusSource } from "../../ingest/prometheus/source.ts";
import { DAY } from "./prometheus-data.ts";

/**
 * One measured job in a process of its own; prints seconds, CPU-seconds and peak memory as JSON.
 *
 *   fetch URL              all series of the day, thrown away
 *   fetch-containers URL   CPU and memory of containers, thrown away
 *   facts URL              the product: lands the day, after an hour of the next one, which has nothing
 *
 * What a run does once, planning and finding out what the server can do, comes before the clock starts.
 */
const [job, url = "", serverPid = ""] = process.argv.slice(2);
const config = { type: "prometheus", name: "bench", cluster: "bench", url } as const;
const signal = new AbortController().signal;
let home: string | undefined;
let hours: string | undefined;
const work = job === "facts" ? await facts() : () => fetchAll(job === "fetch-containers");
const started = performance.now();
const before = process.cpuUsage();
const serverBefore = cpuOf(Number(serverPid));
const bytes = await work();
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  JSON.stringify({
    bytes,
    wall: (performance.now() - started) / 1e3,
    cpu: (user + system) / 1e6,
    served: cpuOf(Number(serverPid)) - serverBefore,
    mib: process.resourceUsage().maxRSS / 1024,
    home,
    hours,
  }),
);
process.exit(0);

async function fetchAll(containers: boolean): Promise<number> {
  const from = Date.parse(`${DAY}T00:00:00Z`);
  // Node's own client, and not ours: what anybody would write who wants the bytes.
  const agent = new Agent({ keepAlive: true });
  const metrics = METRICS.filter((metric) => !containers || metric.needed);
  let bytes = 0;
  await pooled(metrics, 2, async (metric) => {
    const body = remoteRequest([
      {
        from: from - 300_000,
        until: from + 86_400_000 - 1,
        matchers: [["__name__", "=", metric.name], ...metric.where],
      },
    ]);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        "content-type": "application/x-protobuf",
        "content-encoding": "snappy",
        "content-length": body.length,
        "x-prometheus-remote-read-version": "0.1.0",
      };
      request(`${url}/api/v1/read`, { method: "POST", agent, headers }, resolve)
        .on("error", reject)
        .end(body);
    });
    if (answer.statusCode !== 200) throw new Error(`${metric.name}: ${answer.statusCode}`);
    for await (const piece of answer) bytes += (piece as Buffer).length;
  });
  return bytes;
}

/** CPU-seconds of a process of this machine. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function facts(): Promise<() => Promise<number>> {
  home = await mkdtemp(join(tmpdir(), "apportion-bench-"));
  await makeHome(homePaths(home));
  const source = prometheusSource(config, ".");
  const context = { home, now: () => new Date("2026-08-04T01:30:00Z"), progress() {}, signal };
  const plan = await source.plan(context);
  const [unit, next] = plan.units;
  if (next === undefined || !unit?.unit.endsWith(DAY)) throw new Error("the day is not planned");
  await source.land(next, context);
  return async () => {
    const landed = await source.land(unit, context);
    hours = landed.find(({ name }) => name === "usage_hour")?.path;
    return landed.reduce((sum, file) => sum + file.bytes, 0);
  };
}
