import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { allocationOf } from "../../analysis/allocation.ts";
import type { ClusterWindow } from "../../analysis/findings/inputs.ts";
import { makeRecommendations } from "../../analysis/findings/recommend/make.ts";
import { findingsSettings } from "../../analysis/findings/settings.ts";
import { makeFindingTables } from "../../analysis/findings/tables.ts";
import { NO_OWNERS } from "../../analysis/ownership.ts";
import { Register } from "../../data/register.ts";
import { loadSql } from "../../data/sql.ts";
import { openWriter, type Session, sqlText } from "../../data/warehouse.ts";
import { USAGE_5M } from "../../ingest/prometheus/facts.ts";
import { FactFiles } from "../../ingest/prometheus/write.ts";

/**
 * Four weeks of five minutes of many containers, in a process of its own:
 *
 *   make FOLDER CONTAINERS    usage_5m a cluster-day and pod_day a cluster, once
 *   floor FOLDER CONTAINERS   one exact 95 % quantile of a container's CPU, and nothing else, cluster by cluster
 *   floor-all FOLDER CONTAINERS   the same as one query over all clusters
 *   fit FOLDER CONTAINERS     the product's recommendations, hours and comparisons, written
 */
const [job = "", folder = "", asked = "0"] = process.argv.slice(2);
const CONTAINERS = Number(asked);
const CLUSTERS = 5;
const DAYS = 28;
const SLOTS = 288;
const DAY = 86_400;
const FROM = Date.parse("2026-08-03T00:00:00Z") / 1000;
const EACH = Math.ceil(CONTAINERS / CLUSTERS);
const names = Array.from({ length: CLUSTERS }, (_, index) => `c${index}`);
const usage = (cluster: string, day: number) =>
  join(folder, cluster, `usage-${String(day).padStart(2, "0")}.parquet`);
const pods = (cluster: string, day: number) =>
  join(folder, cluster, `pods-${String(day).padStart(2, "0")}.parquet`);

const MIB = 1_048_576;

const filesOf = (cluster: string) => Array.from({ length: DAYS }, (_, day) => usage(cluster, day));

const started = performance.now();
const before = process.cpuUsage();
const rows = job === "make" ? await make() : job === "fit" ? await fit() : await floor();
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  `${JSON.stringify({ job, rows, wall: (performance.now() - started) / 1e3, cpu: (user + system) / 1e6, mib: process.resourceUsage().maxRSS / 1024 })}\n`,
);

async function opened(): Promise<{ session: Session; close(): Promise<void> }> {
  const work = join(folder, `work-${job}.duckdb`);
  await rm(work, { force: true });
  const engine = await openWriter(work, {
    memory: "2GB",
    threads: 2,
    temp: join(folder, "spill"),
  });
  const session = await engine.session();
  return {
    session,
    async close() {
      session.close();
      engine.close();
      await rm(work, { force: true });
    },
  };
}

/** As ingest writes them, by what it writes them with: container by container, in time order; pods live a week. */
async function make(): Promise<number> {
  for (const [number, cluster] of names.entries()) {
    await mkdir(join(folder, cluster), { recursive: true });
    for (let day = 0; day < DAYS; day++)
      if (!existsSync(usage(cluster, day))) await makeDay(number, cluster, day);
  }
  return CONTAINERS * DAYS * SLOTS;
}

/** Every third is busy by day; each moves by some noise, and one sample of fifty is far up. */
async function makeDay(number: number, cluster: string, day: number): Promise<void> {
  const work = join(folder, "day");
  await rm(work, { recursive: true, force: true });
  await mkdir(work);
  const facts = new FactFiles(cluster, work);
  const week = Math.floor(day / 7);
  const from = FROM + day * DAY;
  const columns = USAGE_5M.map(() => new Float64Array(SLOTS));
  for (let c = 0; c < EACH; c++) {
    const pod = {
      namespace: `ns-${c % 200}`,
      pod: `w${c}-5f7d-${week}`,
      podUid: `uid-${c}-${week}`,
    };
    const node = `node-${Math.floor(c / 30)}`;
    const level = 20_000 + ((c * 7919) % 400_000);
    const [cores, mebibytes] = [(c % 8) * 100_000, (c % 8) * 128];
    for (let s = 0; s < SLOTS; s++) {
      const chance = noise((number * DAYS + day) * EACH * SLOTS + c * SLOTS + s) % 1_000_000;
      const shape = c % 3 === 0 ? 400 + 8 * Math.abs(144 - s) : 1000;
      const jitter = 800 + (chance % 400) + (chance % 50 === 0 ? 1500 : 0);
      const cpu = Math.floor((((level * shape) / 1000) * jitter) / 1000);
      const memory = (64 + (c % 900)) * MIB;
      const row = [
        from + s * 300,
        300,
        cpu,
        cpu + (chance % 50_000),
        memory + (chance % 4000) * 4096,
        memory + (chance % 5000) * 4096,
        100_000 + cores,
        (128 + mebibytes) * MIB,
        c % 2 === 0 ? 200_000 + 2 * cores : Number.NaN,
        (256 + mebibytes) * MIB,
        c % 10 === 0 ? chance % 1000 : 0,
        c % 500 === 0 && day === 20 && s === 99 ? 1 : 0,
        c % 100 === 0 && s === 7 ? 1 : 0,
      ];
      for (const [index, value] of row.entries()) (columns[index] as Float64Array)[s] = value;
    }
    const containers = [facts.container({ ...pod, node, container: "app" })];
    facts.usage5m({ columns, rows: SLOTS, containers, lengths: [SLOTS] });
    facts.row("pod_day", [
      new Date(from * 1000).toISOString().slice(0, 10),
      pod.namespace,
      pod.pod,
      pod.podUid,
      node,
      "Deployment",
      `w${c}`,
      "{}",
      "{}",
      from,
      from + DAY,
      DAY,
    ]);
  }
  await facts.finish();
  await rename(join(work, "pod_day.parquet"), pods(cluster, day));
  await rename(join(work, "usage_5m.parquet"), usage(cluster, day));
  await rm(work, { recursive: true });
}

/** A number that looks like chance and is the same every time (murmur3's last steps). */
function noise(of: number): number {
  let mixed = Math.imul(of ^ (of >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A cluster after the other, as the product reads them, or all at once. */
async function floor(): Promise<number> {
  const { session, close } = await opened();
  await session.run("SET memory_limit = '6GB'");
  let containers = 0;
  for (const clusters of job === "floor-all" ? [names] : names.map((name) => [name])) {
    const { n } = await session.one<{ n: string }>(
      `SELECT count(*) AS n FROM (
         SELECT ${clusters.length > 1 ? "cluster, " : ""}namespace, regexp_extract(pod, '^[^-]+') AS workload, container, quantile_disc(cpu_avg, 0.95) AS p95
         FROM read_parquet([${clusters.flatMap(filesOf).map(sqlText).join(", ")}])
         GROUP BY ALL
       ) WHERE p95 > 0`,
    );
    containers += Number(n);
  }
  await close();
  return containers;
}

async function fit(): Promise<number> {
  const { session, close } = await opened();
  const answers = join(folder, "findings.duckdb");
  await rm(answers, { force: true });
  await session.script("ATTACH ':memory:' AS work");
  await session.script("USE work");
  await session.script(
    loadSql(new URL("../../data/migrations/004-inventory.sql", import.meta.url)),
  );
  await session.script(`ATTACH ${sqlText(answers)} AS findings`);
  await session.script("USE findings");
  await makeFindingTables(session);
  await makeRecommendations({
    session,
    inputs: {
      windows: names.map((cluster): ClusterWindow => ({
        cluster,
        from: FROM,
        until: FROM + DAYS * DAY,
        days: Array.from({ length: DAYS }, (_, day) => FROM + day * DAY),
        usage: filesOf(cluster).map((path) => ({ kind: "usage_5m", path, sha256: "" })),
        pods: Array.from({ length: DAYS }, (_, day) => ({
          kind: "pod_day",
          path: pods(cluster, day),
          sha256: "",
        })),
        rows: EACH * SLOTS * DAYS,
      })),
      history: [],
      worth: [],
      months: [],
      fingerprint: "",
    },
    months: [],
    settings: {
      currency: "EUR",
      sources: [],
      ownership: NO_OWNERS,
      clusters: [],
      allocation: allocationOf({}),
      environmentTags: [],
      tolerance: { rows: 0, amount: "0", azureDrift: "0", usageCoverage: 0 },
      settledAfterDays: 6,
      keepLists: 1,
      findings: findingsSettings({}),
    },
    register: new Register(join(folder, "register.sqlite")),
    now: new Date("2026-09-01T00:00:00Z"),
    signal: new AbortController().signal,
    progress: () => {},
  });
  await session.script("CHECKPOINT findings");
  const { n } = await session.one<{ n: string }>("SELECT count(*) AS n FROM recommendation");
  await session.script("USE work");
  await close();
  return Number(n);
}
