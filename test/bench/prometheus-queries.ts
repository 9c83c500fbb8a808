import { rm } from "node:fs/promises";
import { sqlText } from "../../data/warehouse.ts";
import { forward } from "../fakes/proxy.ts";
import { type RunningPrometheus, startPrometheus } from "../ingest/prometheus/real.ts";
import { sql } from "../ingest/taken.ts";
import { type Job, jobTable, runJob } from "./prometheus-jobs.ts";

/**
 * The second rung: the same day from a server that streams nothing, under its own limits, which are
 * never to be hit, and under small ones, which are to be found out and kept to. Both give the facts of
 * the first rung: a pod's totals differ by what it uses in a scrape at each of its ends at most.
 */

const SMALL_LIMITS = ["--query.max-samples=60000", "--query.timeout=3s"];
/** Begin and end of a life, by each of the two rungs. */
const MOST_SCRAPES = 4;

export async function benchQueries(
  program: string,
  folder: string,
  data: string,
): Promise<boolean> {
  process.stdout.write("\nRange queries, where there is no remote read:\n\n");
  jobTable();
  const server = await startPrometheus(program, folder, data, []);
  let streamed: Job;
  let usual: { job: Job; refused: number };
  try {
    streamed = await runJob("facts", server);
    usual = await queried(server);
  } finally {
    await server.stop();
  }
  const limited = await startPrometheus(program, folder, data, SMALL_LIMITS);
  let small: { job: Job; refused: number };
  try {
    small = await queried(limited);
  } finally {
    await limited.stop();
  }
  const apart = [await furthest(streamed, usual.job), await furthest(streamed, small.job)];
  for (const { home } of [streamed, usual.job, small.job])
    if (home !== undefined) await rm(home, { recursive: true });
  process.stdout.write(
    `\nrefused: ${usual.refused} times under the server's own limits (at most 0), ${small.refused} times under ${SMALL_LIMITS.join(" ")}; a pod's totals are at most ${apart.map((scrapes) => scrapes.toFixed(2)).join(" and ")} scrapes from those of streamed chunks (at most ${MOST_SCRAPES})\n`,
  );
  return usual.refused === 0 && small.refused > 0 && apart.every((far) => far <= MOST_SCRAPES);
}

/** Reads the day through a proxy without remote read; counts what the server refused. */
async function queried(server: RunningPrometheus): Promise<{ job: Job; refused: number }> {
  let refused = 0;
  const proxy = await forward(server.url, {
    refuse: (request) => (request.url === "/api/v1/read" ? 404 : null),
    answered: (status) => (refused += status < 400 ? 0 : 1),
  });
  try {
    return { job: await runJob("facts", { url: proxy.url, pid: server.pid }), refused };
  } finally {
    await proxy.stop();
  }
}

/**
 * By how many scrapes the totals of any pod differ, of the one they are seen by: use every minute, what
 * was asked for every five. Infinite where pods are missing.
 */
async function furthest(left: Job, right: Job): Promise<number> {
  const [found] = await sql(
    `WITH totals AS (
      SELECT
        rung AS rung, pod_uid AS pod_uid, sum(seconds) AS seconds, sum(cpu_used) AS cpu,
        sum(cpu_effective) AS cpu_effective, sum(mem_used) AS mem, sum(mem_effective) AS mem_effective
      FROM (
        SELECT 1 AS rung, * FROM read_parquet(${sqlText(left.hours ?? "")})
        UNION ALL BY NAME
        SELECT 2 AS rung, * FROM read_parquet(${sqlText(right.hours ?? "")})
      )
      GROUP BY rung, pod_uid
    ), apart AS (
      SELECT
        greatest(
          abs(a.seconds - b.seconds) / 60,
          abs(a.cpu - b.cpu) / (a.cpu / a.seconds) / 60,
          abs(a.mem - b.mem) / (a.mem / a.seconds) / 60,
          abs(a.cpu_effective - b.cpu_effective) / (a.cpu_effective / a.seconds) / 300,
          abs(a.mem_effective - b.mem_effective) / (a.mem_effective / a.seconds) / 300
        ) AS scrapes
      FROM (SELECT * FROM totals WHERE rung = 1) AS a
      FULL JOIN (SELECT * FROM totals WHERE rung = 2) AS b ON b.pod_uid = a.pod_uid
    )
    SELECT
      count(*) AS pods,
      count(*) FILTER (WHERE scrapes IS NULL) AS missing,
      max(scrapes) AS furthest
    FROM apart`,
  );
  return found?.["missing"] === "0" && Number(found["pods"]) > 0
    ? Number(found["furthest"])
    : Infinity;
}
