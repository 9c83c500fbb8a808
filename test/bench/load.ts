import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { addMonths } from "../../data/period.ts";
import { Client } from "../api/crowd.ts";
import { ROOT } from "../needs.ts";
import { quantile } from "./measure.ts";
import { prepareShowback } from "./showback.ts";

/**
 * Others' answers while one caller has 200 questions about whole months of 2 million lines open, 50
 * readers take a large CSV as slowly as can be, and clients leave in the middle; and what is left after.
 */

const FLOOD = 200;
const READERS = 50;
const OTHERS = 4;
const TEAMS = 38;
const SECONDS = 40;
const MOST_P99 = 250;
const MOST_MIB = 1_536;

interface Served {
  pid: number;
  port: number;
  temporary: string;
}

interface Tally {
  times: number[];
  statuses: Map<number, number>;
}

export async function benchLoad(folder: string): Promise<boolean> {
  const config = await prepareShowback(join(folder, "showback"));
  const port = 20_000 + (process.pid % 10_000);
  const server = spawn(
    process.execPath,
    [join(ROOT, "bin/apportion.js"), "serve", "--config", config, "--port", String(port)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(server, "exit");
  let ok = true;
  const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
  try {
    // The address is the first thing that it prints.
    await once(server.stdout, "data");
    server.stdout.resume();
    const address = `http://127.0.0.1:${port}`;
    const served = {
      pid: server.pid as number,
      port,
      temporary: join(folder, "showback/home/tmp"),
    };
    line(["others", "answers", "p50 ms", "p90 ms", "p99 ms", "max ms", "not 200"]);
    line(["---", "---:", "---:", "---:", "---:", "---:", "---:"]);
    const report = (name: string, { times, statuses }: Tally, bound: boolean) => {
      const sorted = times.toSorted((a, b) => a - b);
      const at = [0.5, 0.9, 0.99, 1].map((part) => quantile(sorted, part).toFixed(1));
      const other = [...statuses].filter(([status]) => status !== 200);
      if (bound) ok &&= quantile(sorted, 0.99) < MOST_P99 && other.length === 0;
      line([name, times.length, ...at, other.map(([code, n]) => `${n} × ${code}`).join(" ")]);
    };
    const others = Array.from({ length: OTHERS }, (_, n) => new Client(address, 100 + n));
    const questions = pages();
    // The first touch of a month's file is measured by `showback`.
    for (const path of questions.slice(0, 13 * 4)) await others[0]?.ask(path);
    report("alone", await asking(others, questions, 10), true);

    for (const client of others) client.close();
    const before = await settled(served);
    const memory = new Memory(served.pid);
    const rest = new Crowd(address);
    await setTimeout(2_000);
    report("beside all that", await asking(others, questions, SECONDS, 7), true);
    await rest.leave();
    const peak = memory.end();
    for (const client of others) client.close();
    const after = await settled(served);
    report(`of the ${FLOOD}`, rest.flood, false);
    process.stdout.write(
      `\nExports: ${told(rest.exports)}; ${rest.left} clients left. Peak ${peak} MiB.\n`,
    );
    process.stdout.write(
      `Ten seconds later: ${after.connections} connections, ${after.files} temporary files, ${after.open} open files (before: ${before.open}), ${after.busy.toFixed(2)} CPU-seconds a second.\n`,
    );
    ok &&= peak <= MOST_MIB && after.busy < 0.05;
    ok &&= after.connections === 0 && after.files === 0 && after.open <= before.open;
  } finally {
    server.kill();
    await ended;
  }
  return ok;
}

/** What the pages ask, of each month and team: thousands of questions, so that few are remembered. */
function pages(): string[] {
  const list: string[] = [];
  for (let team = -1; team < TEAMS; team++)
    for (const by of ["service", "team", "environment", "businessUnit"])
      for (let back = 0; back < 13; back++) {
        const of = team < 0 ? "" : `&team=t${team}`;
        list.push(`/api/v1/showback?month=${addMonths("2026-08", -back)}&by=${by}${of}`);
      }
  return list;
}

/** Each client asks one question after another, for so long. */
async function asking(
  clients: readonly Client[],
  questions: readonly string[],
  seconds: number,
  stride = 1,
): Promise<Tally> {
  const tally: Tally = { times: [], statuses: new Map() };
  const until = performance.now() + seconds * 1_000;
  let n = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < until) {
        const path = questions[(n++ * stride) % questions.length] ?? "";
        note(tally, await client.ask(path));
        await setTimeout(5);
      }
    }),
  );
  return tally;
}

function note({ times, statuses }: Tally, { status, ms }: { status: number; ms: number }): void {
  times.push(ms);
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
}

/** The flood, the slow readers and those who leave, until `leave`. */
class Crowd {
  readonly flood: Tally = { times: [], statuses: new Map() };
  readonly exports: Tally = { times: [], statuses: new Map() };
  left = 0;
  readonly #gone = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  readonly #clients: Client[];

  constructor(address: string) {
    const [flood, slow, leaver] = [2, 3, 4].map((last) => new Client(address, last)) as [
      Client,
      Client,
      Client,
    ];
    this.#clients = [flood, slow, leaver];
    const { signal } = this.#gone;
    const month = (n: number) =>
      `/api/v1/showback?month=${addMonths("2026-08", -(n % 13))}&by=resource&limit=${1 + (n % 1000)}&team=t${n % TEAMS}`;
    let asked = 0;
    const again = async (work: () => Promise<void>) => {
      while (!signal.aborted) await work().catch(() => setTimeout(10));
    };
    for (let n = 0; n < FLOOD; n++)
      this.#running.push(
        again(async () => note(this.flood, await flood.ask(month(asked++), signal))),
      );
    for (let n = 0; n < READERS; n++)
      this.#running.push(
        again(async () => {
          const path = `/api/v1/exports/lines.csv?month=${addMonths("2026-08", -(n % 13))}`;
          note(this.exports, await slow.sip(path, signal));
          await setTimeout(500, undefined, { signal });
        }),
      );
    this.#running.push(
      again(async () => {
        await leaver.leave(month(asked++), 5 + (asked % 200));
        this.left += 1;
      }),
    );
  }

  async leave(): Promise<void> {
    this.#gone.abort();
    await Promise.all(this.#running);
    for (const client of this.#clients) client.close();
  }
}

const told = ({ statuses }: Tally) =>
  [...statuses].map(([status, n]) => `${n} × ${status}`).join(", ");

/** The most that a process kept in memory, in MiB. */
class Memory {
  readonly #timer: NodeJS.Timeout;
  #most = 0;
  constructor(pid: number) {
    this.#timer = setInterval(() => {
      const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      this.#most = Math.max(this.#most, Number(kib) / 1024);
    }, 100);
  }
  end(): number {
    clearInterval(this.#timer);
    return Math.round(this.#most);
  }
}

interface Left {
  /** Descriptors. */
  open: number;
  connections: number;
  /** Files in the home's temporary folder. */
  files: number;
  /** CPU-seconds a second. */
  busy: number;
}

/** What a server still has and does, ten seconds after its clients went. */
async function settled({ pid, port, temporary }: Served): Promise<Left> {
  await setTimeout(8_000);
  const before = cpuSeconds(pid);
  await setTimeout(2_000);
  return {
    open: readdirSync(`/proc/${pid}/fd`).length,
    connections: connectionsTo(port),
    files: readdirSync(temporary, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    ).length,
    busy: (cpuSeconds(pid) - before) / 2,
  };
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  // utime and stime, in clock ticks, of which Linux has a hundred a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Established connections to a port of this machine, as its server's side has them. */
function connectionsTo(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at, , state]) => at?.endsWith(local) === true && state === "01").length;
}
