import { type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { sha256File } from "../../data/files.ts";
import { toUnits } from "../../data/money.ts";
import {
  AUGUST,
  type Company,
  exportJuly,
  FOCUS_UNIT,
  JULY,
  keepRun,
  ledgerOf,
  leftovers,
  makeCompany,
  published,
  start,
  totalOf,
  truthOf,
  UNITS,
  type Version,
} from "./company.ts";

/**
 * `kill -9` at random moments of `run`, in processes of their own, while a server answers. What
 * always holds: readers see one of the two Julys and never a mixture, the ledger holds every unit
 * once, what was told as loaded is loaded, and the next run that may end sets all right.
 * APPORTION_SOAK=1 kills fifty times; APPORTION_SEED repeats a sequence of moments.
 */
const KILLS = process.env["APPORTION_SOAK"] === "1" ? 50 : 12;
const SEED = Number(process.env["APPORTION_SEED"] ?? "20260922");
// The process starts for a second, in which nothing can be hurt; kills go where the work is.
const START_SHARE = 150;

/** Mulberry32: the same moments for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Told {
  unit: string;
  outcome: string;
}

/** A `run` in a process of its own: what it told so far, and a wait for the n-th unit it tells. */
class Running {
  readonly child: ChildProcess;
  readonly told: Told[] = [];
  readonly times: number[] = [];
  readonly exited: Promise<number | null>;
  err = "";
  readonly #began = performance.now();
  readonly #waiting: { lines: number; resolve: () => void }[] = [];
  over = false;

  constructor(folder: string) {
    this.child = start(folder, "run");
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      this.told.push(JSON.parse(line) as Told);
      this.times.push(performance.now() - this.#began);
      this.#wake();
    });
    this.child.stderr?.on("data", (data: Buffer) => (this.err += data.toString()));
    this.exited = once(this.child, "close").then(([code]) => {
      this.times.push(performance.now() - this.#began);
      this.over = true;
      this.#wake();
      return code as number | null;
    });
  }

  #wake(): void {
    for (const { lines, resolve } of this.#waiting)
      if (this.over || this.told.length >= lines) resolve();
  }

  /** Resolves when so many units have been told, or the process has ended. */
  async units(lines: number): Promise<void> {
    if (this.over || this.told.length >= lines) return;
    await new Promise<void>((resolve) => this.#waiting.push({ lines, resolve }));
  }
}

/** Asks a server all the time and holds every answer against what may be true. */
class Watcher {
  asked = 0;
  readonly totals = new Set<string>();
  readonly problems: string[] = [];
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(address: string, allowed: ReadonlySet<string>) {
    this.#done = this.#watch(address, allowed);
  }

  async #watch(address: string, allowed: ReadonlySet<string>): Promise<void> {
    while (!this.#stopped) {
      try {
        const answer = await fetch(
          `${address}/api/v1/showback?month=${JULY}&currency=EUR&limit=1000`,
        );
        const { data, meta } = (await answer.json()) as {
          data: { cost: string }[];
          meta: { total: string };
        };
        this.asked += 1;
        if (answer.status !== 200)
          this.problems.push(`${answer.status} ${JSON.stringify({ data, meta })}`);
        else {
          const sum = data.reduce((total, row) => total + toUnits(row.cost), 0n);
          if (sum !== toUnits(meta.total)) this.problems.push(`rows ${sum}, total ${meta.total}`);
          if (!allowed.has(String(sum))) this.problems.push(`${sum} is no truth`);
          this.totals.add(String(sum));
        }
        for (const path of [`/api/v1/reconciliation?month=${JULY}`, "/readyz", "/api/v1/sources"]) {
          const other = await fetch(`${address}${path}`);
          const text = await other.text();
          this.asked += 1;
          if (other.status !== 200) this.problems.push(`${path}: ${other.status} ${text}`);
          if (/"ok":false/.test(text)) this.problems.push(`${path}: ${text.slice(0, 400)}`);
        }
      } catch (error) {
        this.problems.push(String(error));
      }
      await setTimeout(150);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }
}

async function serve(company: Company): Promise<{ child: ChildProcess; address: string }> {
  const child = start(company.folder, "serve", "--port", "0");
  let err = "";
  child.stderr?.on("data", (data: Buffer) => (err = `${err}${data.toString()}`.slice(-4_000)));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const address = await new Promise<string>((resolve, reject) => {
    // Log lines are JSON; the address is not.
    lines.on("line", (line) => line.startsWith("http") && resolve(line));
    child.once("exit", () => reject(new Error(`serve ended: ${err}`)));
  });
  return { child, address };
}

describe("run, killed", () => {
  const folders: string[] = [];
  const children: ChildProcess[] = [];
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  it(
    `survives ${KILLS} kills at random moments (APPORTION_SEED=${SEED})`,
    { timeout: KILLS * 15_000 + 120_000 },
    async () => {
      const next = random(SEED);
      const folder = await mkdtemp(join(tmpdir(), "apportion-kills-"));
      folders.push(folder);
      const company = await makeCompany(folder, "a");
      const first = new Running(folder);
      expect(await first.exited, first.err).toBe(0);
      expect(await published(folder)).toEqual(truths(company, "a"));

      // A whole run over a restated month says how long each part takes.
      let minute = 1;
      const versions = new Map<string, Version>();
      const restate = async (version: Version): Promise<string> => {
        const id = await exportJuly(company, version, minute++);
        versions.set(id, version);
        if (next() < 0.5) await keepRun(company, id);
        return id;
      };
      let latest = await restate("b");
      const measured = new Running(folder);
      expect(await measured.exited, measured.err).toBe(0);
      expect(measured.told).toHaveLength(UNITS);
      const gaps = measured.times.map((time, index) =>
        index === 0 ? Math.min(time, START_SHARE) : time - (measured.times[index - 1] ?? 0),
      );
      let acked = latest;

      const { child, address } = await serve(company);
      children.push(child);
      const allowed = new Set(
        (["a", "b"] as const).map((version) =>
          String(totalOf(truthOf(company, JULY, version), "EUR")),
        ),
      );
      expect(allowed.size).toBe(2);
      const watcher = new Watcher(address, allowed);

      const hits = { ingest: 0, build: 0, missed: 0, completed: 0, looked: 0 };
      while (hits.ingest + hits.build < KILLS) {
        expect(hits.missed, "runs that ended before their kill").toBeLessThan(KILLS);
        latest = await restate(versions.get(latest) === "a" ? "b" : "a");
        const running = new Running(folder);
        // Half of them while units are taken in, half while months are built: a moment of either.
        let lines = next() < 0.5 ? UNITS : 0;
        const part = lines === UNITS ? gaps.slice(UNITS) : gaps.slice(0, UNITS);
        // A run on a quieter machine is over sooner than the one that was measured.
        let at = 0.8 * next() * part.reduce((sum, gap) => sum + gap, 0);
        while (at > (gaps[lines] ?? 0) && lines < UNITS) at -= gaps[lines++] ?? 0;
        await running.units(lines);
        await setTimeout(
          lines === 0 ? at + Math.max(0, (measured.times[0] ?? 0) - START_SHARE) : at,
        );
        const over = running.over;
        running.child.kill("SIGKILL");
        await running.exited;
        if (over) hits.missed += 1;
        else if (running.told.length < UNITS) hits.ingest += 1;
        else hits.build += 1;
        if (running.told.some((unit) => unit.unit === FOCUS_UNIT && unit.outcome !== "failed"))
          acked = latest;
        const about = `kill ${hits.ingest + hits.build} after ${running.told.length} units and ${at.toFixed(0)} ms, APPORTION_SEED=${SEED}`;

        // A reader who comes now.
        const seen = await published(folder);
        expect([...seen.keys()], about).toEqual([JULY, AUGUST]);
        expect([truthOf(company, JULY, "a"), truthOf(company, JULY, "b")], about).toContainEqual(
          seen.get(JULY),
        );
        expect(seen.get(AUGUST), about).toEqual(truthOf(company, AUGUST, "a"));

        // One in three is left as it is: the next kill meets what this one left. One in three is
        // looked into, and one in three gets the run that sets it right.
        const turn = (hits.ingest + hits.build) % 3;
        if (turn === 1) {
          hits.looked += 1;
          await lookInto(company, versions, acked, about);
        }
        if (turn === 2) {
          hits.completed += 1;
          const whole = new Running(folder);
          expect(await whole.exited, `${about}: ${whole.err}`).toBe(0);
          const version = versions.get(latest) as Version;
          expect(await published(folder), about).toEqual(truths(company, version));
          acked = latest;
          await lookInto(company, versions, latest, about);
          expect(await leftovers(folder), about).toEqual([]);
        }
      }
      await watcher.stop();
      process.stdout.write(
        `kills: ${hits.ingest} in ingest, ${hits.build} in build, ${hits.missed} runs ended before; ` +
          `${hits.looked} ledgers looked into, ${hits.completed} completing runs; ${watcher.asked} answers of the server\n`,
      );
      expect(watcher.problems).toEqual([]);
      expect(watcher.asked).toBeGreaterThan(KILLS);
      expect(watcher.totals).toEqual(allowed);
      expect(hits.ingest).toBeGreaterThan(0);
      expect(hits.build).toBeGreaterThan(0);
    },
  );
});

function truths(company: Company, version: Version): Map<string, readonly string[]> {
  return new Map([JULY, AUGUST].map((month) => [month, truthOf(company, month, version)]));
}

/** Every unit once, as one of its runs; not an older run than the last one told as loaded. */
async function lookInto(
  company: Company,
  versions: ReadonlyMap<string, Version>,
  acked: string,
  about: string,
): Promise<void> {
  const units = await ledgerOf(company.folder);
  expect(
    units.map((unit) => unit.unit),
    about,
  ).toEqual([
    "actual-cost ActualCost 2026-07",
    "amortized-cost AmortizedCost 2026-07",
    FOCUS_UNIT,
    "usage-daily Usage 2026-07",
    "usage-daily Usage 2026-08",
  ]);
  for (const unit of units) {
    const runs = company.truth.runs.filter(
      (run) => `${run.export.split("/").at(-1)} ${run.type} ${run.month}` === unit.unit,
    );
    const isFocus = unit.unit === FOCUS_UNIT;
    if (isFocus) {
      expect(unit.run >= acked, `${about}: ${unit.run} is older than ${acked}`).toBe(true);
      expect(versions.has(unit.run), about).toBe(true);
    }
    const told = isFocus
      ? runs.find((run) => run.superseded === (versions.get(unit.run) === "a"))
      : runs[0];
    expect(unit.rows, `${about}: ${unit.unit}`).toBe(told?.rows);
    for (const measure of ["billed", "effective"] as const)
      if (told?.[measure] != null)
        expect(toUnits(unit[measure] ?? ""), `${about}: ${unit.unit}`).toBe(toUnits(told[measure]));
    expect(unit.files.length, about).toBeGreaterThan(0);
    for (const file of unit.files) expect(await sha256File(file.path), about).toBe(file.sha256);
  }
}
