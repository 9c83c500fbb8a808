import { execFileSync } from "node:child_process";
import { join } from "node:path";

export interface Measured {
  job: string;
  rows: number;
  wall: number;
  cpu: number;
  mib: number;
}

/** Runs a job of `child.ts` alone and gives what it measured of itself. */
export function measure(job: "floor" | "ingest" | "build", target: string): Measured {
  const out = execFileSync(process.execPath, [join(import.meta.dirname, "child.ts"), job, target], {
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC", UV_THREADPOOL_SIZE: "16" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as Measured;
}

export function quantile(sorted: readonly number[], at: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}
