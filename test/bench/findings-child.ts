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

/**
 * Four weeks of five minutes of many containers, in a process of its own:
 *
 *   make FOLDER CONTAINERS    usage_5m a cluster-day and pod_day a cluster, once
 *   floor FOLDER CONTAINERS   one exact 95 % quantile of a container's CPU, and nothing else
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
const pods = (cluster: string) => join(folder, cluster, "pods.parquet");

const filesOf = (cluster: string) => Array.from({ length: DAYS }, (_, day) => usage(cluster, day));

const started = performance.now();
const before = process.cpuUsage();
const rows = job === "make" ? await make() : job === "floor" ? await floor() : await fit();
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

/** Container by container and in time order within a file, as ingest writes them; pods live a week. */
async function make(): Promise<number> {
  const { session, close } = await opened();
  let made = 0;
  for (const [number, cluster] of names.entries()) {
    await mkdir(join(folder, cluster), { recursive: true });
    const out = async (path: string, sql: string) => {
      if (existsSync(path)) return;
      await session.run(
        `COPY (${sql}) TO ${sqlText(`${path}.tmp`)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`,
      );
      await rm(path, { force: true });
      await rename(`${path}.tmp`, path);
    };
    for (let day = 0; day < DAYS; day++) {
      // Every third is busy by day; each moves by some noise, and one sample of fifty is far up.
      const cpu = `CAST((20000 + c * 7919 % 400000) * (CASE WHEN c % 3 = 0 THEN 400 + 8 * abs(144 - s) ELSE 1000 END) / 1000 * (800 + r % 400 + CASE WHEN r % 50 = 0 THEN 1500 ELSE 0 END) / 1000 AS BIGINT)`;
      await out(
        usage(cluster, day),
        `SELECT '${cluster}' AS cluster, CAST(${FROM + day * DAY} + s * 300 AS BIGINT) AS "at", 'node-' || (c // 30) AS node, 'ns-' || (c % 200) AS namespace,
           'w' || c || '-5f7d-' || ${Math.floor(day / 7)} AS pod, 'uid-' || c || '-' || ${Math.floor(day / 7)} AS pod_uid, 'app' AS container, CAST(300 AS INTEGER) AS seconds,
           ${cpu} AS cpu_avg, ${cpu} + CAST(r % 50000 AS BIGINT) AS cpu_max,
           CAST((64 + c % 900) * 1048576 + (r % 4000) * 4096 AS BIGINT) AS mem_avg, CAST((64 + c % 900) * 1048576 + (r % 5000) * 4096 AS BIGINT) AS mem_max,
           CAST((100 + c % 8 * 100) * 1000 AS BIGINT) AS cpu_request, CAST((128 + c % 8 * 128) * 1048576 AS BIGINT) AS mem_request,
           CASE WHEN c % 2 = 0 THEN CAST((200 + c % 8 * 200) * 1000 AS BIGINT) END AS cpu_limit, CAST((256 + c % 8 * 128) * 1048576 AS BIGINT) AS mem_limit,
           CAST(CASE WHEN c % 10 = 0 THEN r % 1000 ELSE 0 END AS BIGINT) AS throttled_ms, CAST(0 AS INTEGER) AS oom_kills, CAST(CASE WHEN c % 100 = 0 AND s = 7 THEN 1 ELSE 0 END AS INTEGER) AS restarts
         FROM (SELECT i // ${SLOTS} AS c, i % ${SLOTS} AS s, CAST(hash(i + ${(number * DAYS + day) * 1e9}) % 1000000 AS BIGINT) AS r FROM range(${EACH * SLOTS}) AS all_rows(i))`,
      );
      made += EACH * SLOTS;
    }
    await out(
      pods(cluster),
      `SELECT '${cluster}' AS cluster, CAST(CAST(make_timestamp((${FROM} + d * ${DAY}) * 1000000) AS DATE) AS VARCHAR) AS day, 'ns-' || (c % 200) AS namespace,
         'w' || c || '-5f7d-' || (d // 7) AS pod, 'uid-' || c || '-' || (d // 7) AS pod_uid, 'node-' || (c // 30) AS node, 'Deployment' AS workload_kind, 'w' || c AS workload,
         '{}' AS labels, '{}' AS annotations, CAST(${FROM} + d * ${DAY} AS BIGINT) AS from_s, CAST(${FROM} + (d + 1) * ${DAY} AS BIGINT) AS until_s, CAST(${DAY} AS INTEGER) AS running_s
       FROM range(${DAYS}) AS days(d), range(${EACH}) AS all_containers(c)`,
    );
  }
  await close();
  return made;
}

/** A cluster after the other, as the product reads them. */
async function floor(): Promise<number> {
  const { session, close } = await opened();
  await session.run("SET memory_limit = '6GB'");
  let containers = 0;
  for (const cluster of names) {
    const { n } = await session.one<{ n: string }>(
      `SELECT count(*) AS n FROM (
         SELECT namespace, regexp_extract(pod, '^[^-]+') AS workload, container, quantile_disc(cpu_avg, 0.95) AS p95
         FROM read_parquet([${filesOf(cluster).map(sqlText).join(", ")}])
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
        pods: [{ kind: "pod_day", path: pods(cluster), sha256: "" }],
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
