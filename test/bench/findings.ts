import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Measured } from "./measure.ts";

const CONTAINERS = Number(process.env["APPORTION_CONTAINERS"] ?? 50_000);
const SAMPLES = CONTAINERS * 28 * 288;
const MOST = 3;
const MOST_MIB = 8_192;

/** Recommendations from four weeks of five minutes, against one bare quantile over the same files. */
export async function benchFindings(folder: string): Promise<boolean> {
  const work = join(folder, `findings-${CONTAINERS}`);
  mkdirSync(work, { recursive: true });
  const run = (job: string) =>
    JSON.parse(
      execFileSync(
        process.execPath,
        [join(import.meta.dirname, "findings-child.ts"), job, work, String(CONTAINERS)],
        {
          encoding: "utf8",
          env: { ...process.env, TZ: "UTC", UV_THREADPOOL_SIZE: "16" },
          stdio: ["ignore", "pipe", "inherit"],
        },
      )
        .trim()
        .split("\n")
        .at(-1) ?? "{}",
    ) as Measured;
  run("make");
  const floors = [run("floor"), run("floor-all")];
  const fit = run("fit");
  // Whichever way of asking is faster is what it is held against.
  const [floor] = floors.toSorted((a, b) => a.wall - b.wall) as [Measured];
  const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
  line([
    "job",
    "containers",
    "million samples",
    "wall s",
    "CPU s",
    "wall s a million",
    "against floor",
    "CPU against floor",
    "at most",
    "peak MiB",
  ]);
  line(["---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:"]);
  for (const [{ job, rows, wall, cpu, mib }, most] of [
    ...floors.map((one) => [one, ""] as const),
    [fit, MOST],
  ] as const)
    line([
      job,
      rows,
      (SAMPLES / 1e6).toFixed(0),
      wall.toFixed(1),
      cpu.toFixed(1),
      (wall / (SAMPLES / 1e6)).toFixed(3),
      (wall / floor.wall).toFixed(2),
      (cpu / floor.cpu).toFixed(2),
      most,
      mib.toFixed(0),
    ]);
  return fit.wall <= floor.wall * MOST && fit.mib <= MOST_MIB && fit.rows === floor.rows;
}
