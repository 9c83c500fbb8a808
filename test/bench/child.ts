import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "../../analysis/build.ts";
import { readConfig } from "../../api/config.ts";
import { homePaths } from "../../data/files.ts";
import { Register } from "../../data/register.ts";
import { openWriter, sqlText } from "../../data/warehouse.ts";
import { ingest } from "../../ingest/run.ts";

/**
 * One measured job in a process of its own; prints seconds, CPU-seconds and peak memory as JSON.
 *
 *   floor FOLDER       the engine splits every field of every file as text
 *   ingest CONFIG      the product's ingest
 *   build CONFIG       the product's build
 */
const [job, target = ""] = process.argv.slice(2);
const started = performance.now();
const before = process.cpuUsage();
const rows = await run();
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  `${JSON.stringify({
    job,
    rows,
    wall: (performance.now() - started) / 1e3,
    cpu: (user + system) / 1e6,
    mib: process.resourceUsage().maxRSS / 1024,
  })}\n`,
);

async function run(): Promise<number> {
  if (job === "floor") return floor(target);
  const config = readConfig(target);
  const register = new Register(homePaths(config.home).register);
  const signal = new AbortController().signal;
  const now = () => new Date("2026-09-20T12:00:00Z");
  if (job === "ingest") {
    let rows = 0;
    await ingest({
      home: config.home,
      sources: config.sources,
      register,
      now,
      signal,
      landingDays: 7,
      report: {
        progress() {},
        unit(event) {
          if (event.problem !== null) throw new Error(event.problem);
          rows += event.rows;
        },
      },
    });
    return rows;
  }
  const { list, months } = await build({
    home: config.home,
    settings: config.build,
    register,
    now,
    signal,
    progress() {},
  });
  for (const month of months) if (month.problem !== null) throw new Error(month.problem);
  return list.months.reduce((sum, month) => sum + month.lines, 0);
}

async function floor(folder: string): Promise<number> {
  const engine = await openWriter(":memory:", { memory: "512MB", threads: 2 });
  const session = await engine.session();
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".csv"))
    .map((name) => join(folder, name));
  const [first = ""] = files;
  const header = await session.rows<{ column_name: string }>(
    `DESCRIBE SELECT * FROM read_csv(${sqlText(first)}, all_varchar = true, header = true)`,
  );
  const names = header.map((row) => row.column_name);
  const columns = names.map((name) => `'${name}': 'VARCHAR'`).join(", ");
  const sums = names.map((name) => `sum(length("${name}"))`).join(", ");
  const row = await session.one<{ n: string }>(
    `SELECT count(*) AS n, ${sums} FROM read_csv([${files.map(sqlText).join(", ")}], auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {${columns}})`,
  );
  return Number(row.n);
}
