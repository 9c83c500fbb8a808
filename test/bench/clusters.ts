import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Measured } from "./measure.ts";

const CONTAINERS = Number(process.env["APPORTION_CONTAINERS"] ?? 50_000);
const LINES = CONTAINERS * 40;
const MOST = 2;
const MOST_MIB = 4_096;

/** A month of containers and bill lines divided, against one hand-written statement of the same joins. */
export async function benchClusters(folder: string): Promise<boolean> {
  const work = join(folder, `clusters-${CONTAINERS}`);
  mkdirSync(work, { recursive: true });
  const run = (...args: string[]) =>
    JSON.parse(
      execFileSync(process.execPath, [join(import.meta.dirname, "clusters-child.ts"), ...args], {
        encoding: "utf8",
        env: { ...process.env, TZ: "UTC", UV_THREADPOOL_SIZE: "16" },
        stdio: ["ignore", "pipe", "inherit"],
      })
        .trim()
        .split("\n")
        .at(-1) ?? "{}",
    ) as Measured;
  run("make", work, String(CONTAINERS), String(LINES));
  const floor = run("floor", work);
  const built = run("build", work);
  const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
  line([
    "job",
    "container-hours",
    "lines",
    "wall s",
    "CPU s",
    "against floor",
    "at most",
    "peak MiB",
  ]);
  line(["---", "---:", "---:", "---:", "---:", "---:", "---:", "---:"]);
  for (const [{ job, wall, cpu, mib }, most] of [
    [floor, ""],
    [built, MOST],
  ] as const)
    line([
      job,
      CONTAINERS * 720,
      LINES,
      wall.toFixed(1),
      cpu.toFixed(1),
      (cpu / floor.cpu).toFixed(2),
      most,
      mib.toFixed(0),
    ]);
  process.stdout.write(`\n${built.rows} shares kept.\n`);
  return built.cpu <= floor.cpu * MOST && built.mib <= MOST_MIB;
}
