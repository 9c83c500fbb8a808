import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../programs.ts";
import { startPrometheus } from "../ingest/prometheus/real.ts";
import { writeBlocks } from "./prometheus-data.ts";

const MOST_WALL = 1.6;
const MOST_SERVER = 0.5;
const MOST_MIB = 300;

/**
 * A day of 5,000 containers, one scrape a minute, from a real Prometheus to facts; against the same
 * requests with their bytes thrown away, in the same run. The server's own seconds are for all series,
 * and for the 14.4 million samples of containers alone.
 */
export async function benchPrometheus(folder: string, containers = 5000): Promise<boolean> {
  const program = findProgram("Prometheus");
  if (program === null) {
    process.stdout.write("not run: Prometheus is not installed\n");
    return true;
  }
  const data = await writeBlocks(folder, containers);
  const server = await startPrometheus(program, folder, data, []);
  const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
  try {
    line(["job", "MB", "wall s", "CPU s", "server CPU s", "peak MiB"]);
    line(["---", "---:", "---:", "---:", "---:", "---:"]);
    const job = (name: "fetch" | "fetch-containers" | "facts") => {
      const before = cpuOf(server.pid);
      const measured = JSON.parse(
        execFileSync(
          process.execPath,
          [join(import.meta.dirname, "prometheus-child.ts"), name, server.url],
          { encoding: "utf8", env: { ...process.env, TZ: "UTC" } },
        ),
      ) as { bytes: number; wall: number; cpu: number; mib: number };
      const served = cpuOf(server.pid) - before;
      line([
        name,
        (measured.bytes / 1e6).toFixed(0),
        measured.wall.toFixed(2),
        measured.cpu.toFixed(2),
        served.toFixed(2),
        measured.mib.toFixed(0),
      ]);
      return { ...measured, served };
    };
    // Once without a look at it: the first reader fills the server's caches.
    job("fetch");
    const floor = job("fetch");
    const own = job("facts");
    const containersOnly = job("fetch-containers");
    const ratio = own.wall / floor.wall;
    process.stdout.write(
      `\nfacts take ${ratio.toFixed(2)} times the fetch (at most ${MOST_WALL}); the server spends ${containersOnly.served.toFixed(2)} s on containers (at most ${MOST_SERVER}); ${own.mib.toFixed(0)} MiB (at most ${MOST_MIB})\n`,
    );
    return ratio <= MOST_WALL && containersOnly.served <= MOST_SERVER && own.mib <= MOST_MIB;
  } finally {
    await server.stop();
  }
}

/** CPU-seconds of a process of this machine. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
