import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ask, LOCAL_ADMINISTRATOR } from "../../analysis/ask.ts";
import { openSnapshot } from "../../analysis/snapshot.ts";
import { COMMANDS } from "../../api/commands/commands.ts";
import { asAppError } from "../../data/errors.ts";
import { homePaths, sha256 } from "../../data/files.ts";
import { openLedger } from "../../data/ledger.ts";
import { toUnits } from "../../data/money.ts";
import type { MonthTruth, SampleTruth } from "../../data/sample/truth.ts";
import { writeSample } from "../../data/sample/write.ts";
import type { Session } from "../../data/warehouse.ts";
import { type CliResult, writeTree } from "../home.ts";
import { ROOT } from "../needs.ts";

/**
 * A small company whose truth is known: two days of July in euros and dollars, restated once, and
 * August in dollars. Five units, 3,400 lines. `Version` a is July as first exported, b as corrected.
 */
export type Version = "a" | "b";
export const JULY = "2026-07";
export const AUGUST = "2026-08";
export const FOCUS_UNIT = "focus-daily FocusCost 2026-07";
export const UNITS = 5;

const FOCUS = "exports/finops/focus-daily/20260701-20260731";
const FIRST_RUN = "2026-08-01T05:12:09";

export interface Company {
  /** Holds `exports/`, the configuration and the owners; its own home. */
  folder: string;
  truth: SampleTruth;
}

/** What a month's statement must say: one line an owner, in units of 10^-18. */
export type Statement = readonly string[];

/** Makes the company, with July as of one version. */
export async function makeCompany(folder: string, version: Version): Promise<Company> {
  await writeSample(folder, { days: 33 });
  const truth = JSON.parse(await readFile(join(folder, "truth.json"), "utf8")) as SampleTruth;
  for (const gone of [
    "exports/finops/focus-daily/20260801-20260831",
    "exports/harbour/actual-cost/20260801-20260831",
    "exports/harbour/amortized-cost/20260801-20260831",
  ])
    await rm(join(folder, gone), { recursive: true });
  await mkdir(join(folder, "runs"));
  for (const run of await readdir(join(folder, FOCUS))) {
    const text = await readFile(join(folder, FOCUS, run, "manifest.json"), "utf8");
    const known: Version = text.includes(FIRST_RUN) ? "a" : "b";
    await cp(join(folder, FOCUS, run), join(folder, "runs", known), { recursive: true });
    if (known !== version) await rm(join(folder, FOCUS, run), { recursive: true });
  }
  return { folder, truth };
}

/** Exports July again as a new run, submitted `minute` minutes after all others; returns its id. */
export async function exportJuly(
  company: Company,
  version: Version,
  minute: number,
): Promise<string> {
  const { folder } = company;
  const id = `00000000-0000-4000-8000-${String(minute).padStart(12, "0")}`;
  const from = join(folder, "runs", version);
  const to = join(folder, FOCUS, id);
  const manifest = JSON.parse(await readFile(join(from, "manifest.json"), "utf8")) as {
    runInfo: Record<string, string>;
    blobs: { blobName: string }[];
  };
  manifest.runInfo["runId"] = id;
  manifest.runInfo["submittedTime"] =
    `${new Date(Date.UTC(2026, 7, 10, 0, minute)).toISOString().slice(0, 19)}.0000000Z`;
  for (const blob of manifest.blobs)
    blob.blobName = blob.blobName.replace(/[^/]+(\/[^/]+)$/, `${id}$1`);
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from))
    if (name !== "manifest.json") await cp(join(from, name), join(to, name));
  // The manifest comes last, as Azure writes it.
  await writeFile(join(to, "manifest.json"), JSON.stringify(manifest));
  return id;
}

/** Removes all runs of July's FOCUS export but one. */
export async function keepRun(company: Company, run: string): Promise<void> {
  for (const name of await readdir(join(company.folder, FOCUS)))
    if (name !== run) await rm(join(company.folder, FOCUS, name), { recursive: true });
}

export function runFolder(company: Company, run: string): string {
  return join(company.folder, FOCUS, run);
}

/** What is true of a month with July as of a version. */
export function truthOf(company: Company, month: string, version: Version): Statement {
  const { months, restated } = company.truth;
  const old = version === "a" ? restated.filter((entry) => entry.month === month) : [];
  const replaced = new Set(old.map((entry) => entry.currency));
  const entries = months.filter(
    (entry) =>
      entry.month === month &&
      !replaced.has(entry.currency) &&
      (month !== AUGUST || entry.currency === "USD"),
  );
  return statementOf([...old, ...entries]);
}

export function statementOf(months: readonly MonthTruth[]): Statement {
  return months
    .flatMap((month) =>
      month.owners.map((owner) =>
        [
          month.currency,
          owner.businessUnit,
          owner.costCenter,
          owner.team,
          toUnits(owner.billed),
          toUnits(owner.effective),
        ].join(" | "),
      ),
    )
    .toSorted();
}

/** The sum of a month's statement in one currency. */
export function totalOf(statement: Statement, currency: string): bigint {
  return statement
    .filter((line) => line.startsWith(`${currency} | `))
    .reduce((sum, line) => sum + BigInt(line.split(" | ").at(-1) ?? ""), 0n);
}

/** Statements of everything published, as a reader who opens the list now sees them. */
export async function published(folder: string): Promise<Map<string, Statement>> {
  const snapshot = await openSnapshot(homePaths(folder), { size: 1 });
  try {
    const months = new Map<string, Statement>();
    for (const { month } of snapshot.list.months.filter((entry) => entry.file !== null)) {
      const rows = await ask<Record<string, string | null>>(
        snapshot,
        "statement",
        LOCAL_ADMINISTRATOR,
        { month, params: { team: null, start: "", end: "", number: null, state: "" } },
      );
      months.set(
        month,
        rows
          .map((row) =>
            [
              row["BillingCurrency"],
              row["BusinessUnit"],
              row["CostCenter"],
              row["Team"],
              toUnits(row["BilledCost"] ?? "0"),
              toUnits(row["EffectiveCost"] ?? "0"),
            ].join(" | "),
          )
          .toSorted(),
      );
    }
    return months;
  } finally {
    await snapshot.pool.close();
  }
}

/** Runs a command in this process, as the command line would: a start costs a second. */
export async function command(
  folder: string,
  name: string,
  ...args: readonly string[]
): Promise<CliResult> {
  let out = "";
  let err = "";
  const screen = {
    out: (text: string) => void (out += text),
    tell: (line: string) => void (err += `${line}\n`),
    progress() {},
    done() {},
    isTTY: false,
  };
  let code: number;
  try {
    const known = await COMMANDS[name]?.load();
    if (known === undefined) throw new Error(`no command ${name}`);
    const { values, positionals } = parseArgs({
      args: [...args, "--config", join(folder, "apportion.yaml")],
      options: { config: { type: "string" }, ...known.options },
      allowPositionals: true,
    });
    code = await known.run({
      options: values as Record<string, string | boolean | undefined>,
      words: positionals,
      screen,
      signal: new AbortController().signal,
      now: () => new Date(process.env["APPORTION_NOW"] ?? ""),
    });
  } catch (error) {
    const problem = asAppError(error);
    err += `apportion: ${problem.message} [${problem.code}]\n`;
    code = problem.exit;
  }
  const units = out
    .split("\n")
    .filter((line) => line.startsWith('{"source"'))
    .map((line) => JSON.parse(line) as CliResult["units"][number]);
  return { code, out, err, units };
}

/** Starts a command in a process of its own. */
export function start(folder: string, ...args: readonly string[]): ChildProcess {
  return spawn(
    process.execPath,
    [join(ROOT, "bin/apportion.js"), ...args, "--config", join(folder, "apportion.yaml")],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
}

/** Every file below a folder with a hash of its bytes, time of change and inode. */
export async function treeOf(folder: string): Promise<Map<string, string>> {
  const tree = new Map<string, string>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs, ino } = await stat(path);
    const hash = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    tree.set(path.slice(folder.length + 1), `${hash} ${mtimeMs} ${ino}`);
  }
  return tree;
}

/** Works on the ledger of a home and closes it. */
export async function withLedger<T>(
  folder: string,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const ledger = await openLedger(homePaths(folder));
  try {
    return await use(ledger.session);
  } finally {
    ledger.close();
  }
}

export interface LedgerLine {
  unit: string;
  run: string;
  rows: number;
  effective: string | null;
  billed: string | null;
  files: { path: string; sha256: string }[];
}

/** What the ledger holds: one entry a unit, or more where a unit was doubled. */
export async function ledgerOf(folder: string): Promise<LedgerLine[]> {
  return withLedger(folder, async (session) => {
    const units = await session.rows<{ unit: string; run: string; rows: string }>(
      "SELECT unit, run, rows FROM unit ORDER BY unit",
    );
    const controls = await session.rows<Record<string, string | null>>(
      "SELECT unit, sum(billed) AS billed, sum(effective) AS effective FROM unit_control GROUP BY unit",
    );
    const parts = await session.rows<{ unit: string; parquet: string; sha: string }>(
      "SELECT unit, parquet, parquet_sha256 AS sha FROM unit_part WHERE parquet IS NOT NULL",
    );
    return units.map(({ unit, run, rows }) => {
      const control = controls.find((entry) => entry["unit"] === unit);
      return {
        unit,
        run,
        rows: Number(rows),
        billed: control?.["billed"] ?? null,
        effective: control?.["effective"] ?? null,
        files: parts
          .filter((part) => part.unit === unit)
          .map((part) => ({ path: join(folder, part.parquet), sha256: part.sha })),
      };
    });
  });
}

/** Files of a home that nothing names: of a load, a landing or a build that did not end. */
export async function leftovers(folder: string): Promise<string[]> {
  const paths = homePaths(folder);
  const named = new Set<string>();
  for (const unit of await ledgerOf(folder)) for (const file of unit.files) named.add(file.path);
  const lists = (await readdir(paths.lists)).map((name) => join(paths.lists, name));
  for (const list of [...lists, paths.list]) {
    if (!list.endsWith(".json")) continue;
    const { months, findings } = JSON.parse(await readFile(list, "utf8")) as {
      months: { file: string | null }[];
      findings?: { file: string } | null;
    };
    for (const { file } of [...months, findings ?? { file: null }])
      if (file !== null) named.add(join(paths.published, file));
    named.add(list);
  }
  const found: string[] = [];
  for (const root of [paths.lines, paths.published, paths.tmp])
    for (const name of (await treeOf(root)).keys())
      if (!named.has(join(root, name))) found.push(join(basename(root), name));
  for (const name of (await treeOf(paths.landing)).keys()) {
    const list = join(paths.landing, dirname(name), "landed.json");
    if (!(await stat(list).catch(() => null))) found.push(join("landing", name));
  }
  return found;
}

/** Changes one byte in the middle of a file, or at a place. */
export async function flip(path: string, at?: number): Promise<void> {
  const bytes = await readFile(path);
  const place = at ?? Math.floor(bytes.length / 2);
  bytes[place] = (bytes[place] ?? 0) ^ 0x10;
  await writeFile(path, bytes);
}

/** A second home of the same company, to compare or to spoil. */
export async function copyCompany(company: Company, to: string): Promise<Company> {
  await cp(company.folder, to, { recursive: true, preserveTimestamps: true });
  return { ...company, folder: to };
}

export { sha256, writeTree };
