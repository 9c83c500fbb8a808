import { rm } from "node:fs/promises";
import { startPrometheus } from "../ingest/prometheus/real.ts";
import { findProgram } from "../programs.ts";
import { quantile } from "./measure.ts";
import { writeBlocks } from "./prometheus-data.ts";
import { type Job, jobTable, runJob } from "./prometheus-jobs.ts";
import { benchQueries } from "./prometheus-queries.ts";

const MOST_WALL = 1.6;
const MOST_SERVER = 0.5;
const MOST_MIB = 300;
/** Odd, so that the middle one is one that was measured. */
const PAIRS = 5;

/**
 * A day of 5,000 containers, one scrape a minute, from a real Prometheus to facts; against the same
 * requests with their bytes thrown away, by turns, since the machine is never twice as fast. The
 * server's own seconds are for all series, and for the 14.4 million samples of containers alone.
 */
export async function benchPrometheus(folder: string, containers = 5000): Promise<boolean> {
  const program = findProgram("Prometheus");
  if (program === null) {
    process.stdout.write("not run: Prometheus is not installed\n");
    return true;
  }
  const data = await writeBlocks(folder, containers);
  const server = await startPrometheus(program, folder, data, []);
  let held: boolean;
  try {
    jobTable();
    const job = async (name: "fetch" | "fetch-containers" | "facts") => {
      const measured = await runJob(name, server);
      if (measured.home !== undefined) await rm(measured.home, { recursive: true });
      return measured;
    };
    // Once without a look at it: the first reader fills the server's caches.
    await job("fetch");
    const pairs: { floor: Job; own: Job; alone: Job }[] = [];
    for (let pair = 0; pair < PAIRS; pair++)
      pairs.push({
        floor: await job("fetch"),
        own: await job("facts"),
        alone: await job("fetch-containers"),
      });
    const middle = (of: (pair: (typeof pairs)[number]) => number) =>
      quantile(
        pairs.map(of).toSorted((a, b) => a - b),
        0.5,
      );
    const ratios = pairs.map(({ floor, own }) => own.wall / floor.wall);
    const ratio = middle(({ floor, own }) => own.wall / floor.wall);
    const served = middle(({ alone }) => alone.served);
    const mib = Math.max(...pairs.map(({ own }) => own.mib));
    process.stdout.write(
      `\nfacts take ${ratio.toFixed(2)} times the fetch (${ratios.map((one) => one.toFixed(2)).join(", ")}; at most ${MOST_WALL}); the server spends ${served.toFixed(2)} s on containers (at most ${MOST_SERVER}); ${mib.toFixed(0)} MiB (at most ${MOST_MIB})\n`,
    );
    held = ratio <= MOST_WALL && served <= MOST_SERVER && mib <= MOST_MIB;
  } finally {
    await server.stop();
  }
  return (await benchQueries(program, folder, data)) && held;
}
