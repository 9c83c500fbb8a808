import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "../../analysis/build.ts";
import { readConfig } from "../../api/config.ts";
import { homePaths } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { fillSql, loadSql } from "../../data/sql.ts";
import { openWriter, sqlText } from "../../data/warehouse.ts";
import { addDay, makeClusterHome, paths } from "./cluster-home.ts";

/**
 * A home of a cluster's months, in a process of its own:
 *
 *   make FOLDER CONTAINERS LINES MONTH…   facts, lines and the ledger, once
 *   floor FOLDER MONTH                    the same joins as one query, in DOUBLE, its answer kept
 *   lines FOLDER MONTH                    the month's lines kept with all their columns, as they are
 *   build FOLDER                          the product's build, from hashes to publish
 *   day FOLDER MONTH DAY                  lines of one day more
 */
const [job = "", folder = "", ...rest] = process.argv.slice(2);
const started = performance.now();
const before = process.cpuUsage();
const rows = await run();
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  `${JSON.stringify({ job, rows, wall: (performance.now() - started) / 1e3, cpu: (user + system) / 1e6, mib: process.resourceUsage().maxRSS / 1024 })}\n`,
);

async function run(): Promise<number> {
  const [first = "", second = "", ...months] = rest;
  if (job === "make") {
    await makeClusterHome(folder, months, { containers: Number(first), lines: Number(second) });
    return 0;
  }
  if (job === "day") {
    await addDay(folder, first, Number(second));
    return 0;
  }
  if (job === "build") return built();
  return kept(first);
}

/** One statement whose answer is a table of a file, checkpointed, as the build keeps its own. */
async function kept(month: string): Promise<number> {
  const home = paths(folder);
  const file = join(folder, `${job}.duckdb`);
  await rm(file, { force: true });
  const engine = await openWriter(file, { memory: "2GB", threads: 2, temp: join(folder, "spill") });
  const session = await engine.session();
  const of = (path: string) => ({ files: sqlText(path) });
  const sql =
    job === "lines"
      ? `SELECT * FROM read_parquet(${sqlText(join(home.lines, `${month}-*.parquet`))}, file_row_number = true)`
      : fillSql(
          loadSql(new URL("./cluster-floor.sql", import.meta.url)).replaceAll(/^--.*\n/gm, ""),
          {
            line: [of(join(home.lines, `${month}-*.parquet`)), "files"],
            usage_hour: [of(join(home.facts, `usage_hour-${month}-*.parquet`)), "files"],
            node_hour: [of(join(home.facts, `node_hour-${month}-*.parquet`)), "files"],
            pod_day: [of(join(home.facts, `pod_day-${month}-*.parquet`)), "files"],
          },
        );
  await session.run(`CREATE TABLE kept AS ${sql}`);
  await session.script("CHECKPOINT");
  const { n } = await session.one<{ n: string }>("SELECT count(*) AS n FROM kept");
  session.close();
  engine.close();
  return Number(n);
}

async function built(): Promise<number> {
  const config = readConfig(join(folder, "apportion.yaml"));
  const register = new Register(homePaths(config.home).register);
  const { list, months } = await build({
    home: config.home,
    settings: config.build,
    register,
    now: () => new Date("2026-09-20T12:00:00Z"),
    signal: new AbortController().signal,
    progress() {},
  });
  for (const month of months) if (month.problem !== null) throw new Error(month.problem);
  if (!existsSync(homePaths(config.home).list)) throw new Error("nothing was published");
  return list.months.reduce((sum, month) => sum + month.lines, 0);
}
