import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { readList } from "../../data/published.ts";
import { addMonths } from "../../data/period.ts";
import { namespaceRequests, viewOf } from "../../ui/answers.ts";
import { ROOT } from "../needs.ts";
import { paths } from "./cluster-home.ts";
import { type Measured, quantile } from "./measure.ts";

const CONTAINERS = Number(process.env["APPORTION_CONTAINERS"] ?? 50_000);
const LINES_A_CONTAINER = 40;
const MONTH = "2026-08";
const MOST = 2;
const MOST_MIB = 4_096;
const MOST_P99 = 50;
/** Odd, so that the middle one is one that was measured. */
const TURNS = 3;
const NAMESPACES = 500;
/** Of the months whose number grows: enough to be seen, small enough for thirteen. */
const FEW_CONTAINERS = 300;
const HISTORIES = [1, 6, 13];

const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);

function run(...args: string[]): Measured {
  return JSON.parse(
    execFileSync(process.execPath, [join(import.meta.dirname, "clusters-child.ts"), ...args], {
      encoding: "utf8",
      env: { ...process.env, TZ: "UTC", UV_THREADPOOL_SIZE: "16" },
      stdio: ["ignore", "pipe", "inherit"],
    })
      .trim()
      .split("\n")
      .at(-1) ?? "{}",
  ) as Measured;
}

const middle = (jobs: readonly Measured[]): Measured =>
  jobs.toSorted((a, b) => a.cpu - b.cpu)[(TURNS - 1) / 2] as Measured;

/** A month of containers and bill lines divided against its floor; its Namespace pages; and months that grow. */
export async function benchClusters(folder: string): Promise<boolean> {
  const work = join(folder, `clusters-${CONTAINERS}`);
  mkdirSync(work, { recursive: true });
  run("make", work, String(CONTAINERS), String(CONTAINERS * LINES_A_CONTAINER), MONTH);
  const lines = run("lines", work, MONTH);
  // By turns, and the middle of each: the query alone took 46 to 63 CPU-seconds within a day.
  const floors: Measured[] = [];
  const builds: Measured[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    floors.push(run("floor", work, MONTH));
    rmSync(paths(work).published, { recursive: true, force: true });
    builds.push(run("build", work));
  }
  const [floor, built] = [middle(floors), middle(builds)];
  const both = floor.cpu + lines.cpu;
  line([
    "job",
    "container-hours",
    "lines",
    "wall s",
    "container-hours/s",
    "CPU s",
    "of the query",
    "at most",
    "of both floors",
    "peak MiB",
  ]);
  line(["---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:"]);
  for (const [name, { wall, cpu, mib }, most] of [
    ["floor: the query, its answer kept", floor, ""],
    ["floor: the lines kept", lines, ""],
    ["build", built, MOST],
  ] as const)
    line([
      name,
      CONTAINERS * 744,
      CONTAINERS * LINES_A_CONTAINER,
      wall.toFixed(1),
      Math.round((CONTAINERS * 744) / wall),
      cpu.toFixed(1),
      (cpu / floor.cpu).toFixed(2),
      most,
      (cpu / both).toFixed(2),
      mib.toFixed(0),
    ]);
  const page = await namespacePages(work);
  const grown = await histories(folder);
  return built.cpu <= floor.cpu * MOST && built.mib <= MOST_MIB && page && grown;
}

/** What the Namespace page asks, for every namespace, one request after another as a person would. */
export async function namespacePages(work: string): Promise<boolean> {
  const port = 20_000 + (process.pid % 10_000);
  const server = spawn(
    process.execPath,
    [
      join(ROOT, "bin/apportion.js"),
      "serve",
      "--config",
      join(work, "apportion.yaml"),
      "--port",
      String(port),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  try {
    await once(server.stdout, "data");
    server.stdout.resume();
    const times: number[] = [];
    for (let at = 0; at < NAMESPACES; at++)
      for (const path of Object.values(
        namespaceRequests("prod", `ns-${at}`, viewOf(`?month=${MONTH}`)),
      )) {
        const started = performance.now();
        const answer = await fetch(`http://127.0.0.1:${port}${path}`);
        await answer.arrayBuffer();
        if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
        times.push(performance.now() - started);
      }
    times.sort((a, b) => a - b);
    process.stdout.write("\n");
    line([
      "Namespace page, each request once",
      "p50 ms",
      "p90 ms",
      "p99 ms",
      "max ms",
      "p99 at most",
    ]);
    line(["---:", "---:", "---:", "---:", "---:", "---:"]);
    line([
      times.length,
      ...[0.5, 0.9, 0.99, 1].map((q) => quantile(times, q).toFixed(1)),
      MOST_P99,
    ]);
    return quantile(times, 0.99) < MOST_P99;
  } finally {
    server.kill();
    await once(server, "exit");
  }
}

/** A day more of the newest month, with 1, 6 and 13 months of history. */
export async function histories(folder: string): Promise<boolean> {
  process.stdout.write("\n");
  line([
    "months",
    "build of all, CPU s",
    "a day more, CPU s",
    "nothing new, CPU s",
    "other files touched",
  ]);
  line(["---:", "---:", "---:", "---:", "---:"]);
  const days: number[] = [];
  let untouched = true;
  for (const count of HISTORIES) {
    const work = join(folder, `clusters-history-${count}`);
    rmSync(work, { recursive: true, force: true });
    const months = Array.from({ length: count }, (_, back) => addMonths(MONTH, -back));
    run(
      "make",
      work,
      String(FEW_CONTAINERS),
      String(FEW_CONTAINERS * LINES_A_CONTAINER),
      ...months,
    );
    const all = run("build", work);
    let touched = 0;
    const turns: Measured[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const before = await files(work);
      run("day", work, MONTH, String(2 + turn));
      turns.push(run("build", work));
      const after = await files(work);
      touched += [...before].filter(
        ([month, file]) => month !== MONTH && after.get(month) !== file,
      ).length;
      untouched &&= touched === 0 && after.get(MONTH) !== before.get(MONTH);
    }
    const idle = run("build", work);
    const day = middle(turns);
    days.push(day.cpu);
    line([count, all.cpu.toFixed(1), day.cpu.toFixed(1), idle.cpu.toFixed(1), touched]);
  }
  return untouched && Math.max(...days) <= Math.min(...days) * 1.5;
}

/** A month's published file, its size and when it was written. */
async function files(work: string): Promise<Map<string, string>> {
  const home = paths(work);
  return new Map(
    (await readList(home)).months.map(({ month, file }) => {
      const { size, mtimeMs } = statSync(join(home.published, file ?? ""));
      return [month, `${file} ${size} ${mtimeMs}`];
    }),
  );
}
