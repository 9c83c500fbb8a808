import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { addMonths } from "../../data/period.ts";
import { ROOT } from "../needs.ts";
import { writeConfig } from "../home.ts";
import { writeExportTree } from "./export.ts";
import { measure, quantile } from "./measure.ts";

const MONTHS = 13;
const LINES = 2_000_000;
const CLIENTS = 16;
const REQUESTS = 8_000;
const MOST_P50 = 10;
const MOST_P99 = 100;

/** `showback` over 13 months of 2 million lines with 16 clients; alone, and while an ingest runs. */
export async function benchShowback(folder: string): Promise<boolean> {
  const work = join(folder, "showback");
  const config = await prepareShowback(work);
  const port = 20_000 + (process.pid % 10_000);
  const server = spawn(
    process.execPath,
    [join(ROOT, "bin/apportion.js"), "serve", "--config", config, "--port", String(port)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(server.stdout, "data");
  server.stdout.resume();
  let ok = true;
  const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
  try {
    line(["run", "requests", "p50 ms", "p90 ms", "p99 ms", "max ms", "requests/s"]);
    line(["---", "---:", "---:", "---:", "---:", "---:", "---:"]);
    const report = (name: string, result: LoadResult, bound: boolean) => {
      const { times } = result;
      const [p50, p90, p99] = [0.5, 0.9, 0.99].map((at) => quantile(times, at)) as [
        number,
        number,
        number,
      ];
      if (bound) ok &&= p50 <= MOST_P50 && p99 <= MOST_P99;
      line([
        name,
        times.length,
        p50.toFixed(1),
        p90.toFixed(1),
        p99.toFixed(1),
        (times.at(-1) ?? 0).toFixed(1),
        (times.length / result.seconds).toFixed(0),
      ]);
    };
    const questions = urls(port);
    report("each question once, one client", await load(questions, questions.length, 1), false);

    report(`${CLIENTS} clients`, await load(questions, REQUESTS, CLIENTS), true);
    const other = join(folder, "showback-ingest");
    await writeExportTree({
      folder: join(other, "exports"),
      shape: "mca",
      month: "2026-08",
      rows: 1_000_000,
      parts: 4,
      gzip: true,
    });
    await rm(join(other, "home"), { recursive: true, force: true });
    const ingest = spawn(
      process.execPath,
      [join(ROOT, "bin/apportion.js"), "ingest", "--config", await writeConfig(other)],
      { stdio: "ignore" },
    );
    const ended = once(ingest, "exit");
    report(
      `${CLIENTS} clients, while an ingest runs`,
      await load(questions, REQUESTS, CLIENTS, () => ingest.exitCode === null),
      true,
    );
    await ended;
  } finally {
    server.kill();
    await once(server, "exit");
  }
  return ok;
}

/** Makes 13 months of 2 million lines, once; gives the configuration. */
export async function prepareShowback(work: string): Promise<string> {
  const months = Array.from({ length: MONTHS }, (_, index) =>
    addMonths("2026-08", index - MONTHS + 1),
  );
  const config = await writeConfig(work, "owners: ./owners.yaml\n").catch(async () => {
    const { mkdir } = await import("node:fs/promises");
    await mkdir(work, { recursive: true });
    return writeConfig(work, "owners: ./owners.yaml\n");
  });
  await writeFile(join(work, "owners.yaml"), owners());
  if (existsSync(join(work, "home/published/current.json"))) return config;
  for (const month of months) {
    process.stderr.write(`preparing ${month}\n`);
    await writeExportTree({
      folder: join(work, "exports"),
      shape: "focus",
      month,
      rows: LINES,
      parts: 8,
      gzip: false,
    });
    measure("ingest", config);
    await rm(join(work, "exports"), { recursive: true, force: true });
    await rm(join(work, "home/landing"), { recursive: true, force: true });
  }
  const built = measure("build", config);
  process.stderr.write(
    `built ${built.rows} lines in ${built.wall.toFixed(0)} s, ${built.cpu.toFixed(0)} CPU s, ${built.mib.toFixed(0)} MiB\n`,
  );
  return config;
}

function owners(): string {
  const teams = Array.from({ length: 38 }, (_, index) => `t${index}`);
  return `teams:\n${teams.map((team) => `  - { id: ${team}, name: Team ${team}, businessUnit: BU-${team.length} }`).join("\n")}\nrules:\n${teams.map((team) => `  - { team: ${team}, match: { tag: { team: ${team} } } }`).join("\n")}\n`;
}

/** What people ask: months, dimensions, teams and measures as the pages ask them. */
function urls(port: number): string[] {
  const list: string[] = [];
  for (let back = 0; back < MONTHS; back++) {
    const month = addMonths("2026-08", -back);
    for (const by of ["team", "service", "environment", "businessUnit", "day", "resource"])
      list.push(`/api/v1/showback?month=${month}&by=${by}`);
    list.push(`/api/v1/showback?month=${month}&by=team&cost=billed`);
    for (const team of ["t1", "t7", "t30"])
      for (const by of ["service", "resource", "day"])
        list.push(`/api/v1/showback?month=${month}&by=${by}&team=${team}`);
    list.push(`/api/v1/showback/trend?month=${month}&by=team&months=13`);
  }
  return list.map((path) => `http://127.0.0.1:${port}${path}`);
}

interface LoadResult {
  times: number[];
  seconds: number;
}

/** Sends at least `requests` (or as long as `going`), and never more than ten times that. */
async function load(
  questions: readonly string[],
  requests: number,
  clients: number,
  going: () => boolean = () => false,
): Promise<LoadResult> {
  const times: number[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let sent = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (sent < requests || (going() && sent < requests * 10)) {
        const url = questions[(sent++ * 7919) % questions.length] ?? "";
        const begun = performance.now();
        await get(url, agent);
        times.push(performance.now() - begun);
      }
    }),
  );
  agent.destroy();
  return { times: times.toSorted((a, b) => a - b), seconds: (performance.now() - started) / 1000 };
}

/**
 * One request over a kept connection, as a browser asks (compressed). Not `fetch`: its own work is more
 * than the server's, and sixteen of them in one thread wait for each other.
 */
function get(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers: { "accept-encoding": "br, gzip" } }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${url}: ${answer.statusCode}`));
      answer.on("error", reject).on("end", resolve).resume();
    });
    asked.on("error", reject).end();
  });
}
