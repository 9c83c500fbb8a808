import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, asAppError } from "../data/errors.ts";
import { homePaths, renameDurably, sha256, syncFile } from "../data/files.ts";
import { openLedger } from "../data/ledger.ts";
import { monthBounds } from "../data/period.ts";
import {
  earlierFile,
  type MonthState,
  type PublishedFindings,
  type PublishedList,
  type PublishedMonth,
  publishList,
  readLastList,
  sweepPublished,
} from "../data/published.ts";
import { noted, type Register } from "../data/register.ts";
import { auditHead } from "../data/register/audit.ts";
import { buildReports, monthBuilt } from "../data/register/reports.ts";
import { damagedWork, isBlockDamage, type Session } from "../data/warehouse.ts";
import type { CheckResult } from "./checks.ts";
import { makeFindings } from "./findings/make.ts";
import {
  type BuildSettings,
  knownMonths,
  monthInputs,
  type MonthInputs,
  verifyFacts,
} from "./inputs.ts";
import { makeMonth } from "./make-month.ts";
import { Verified } from "./verified.ts";

export interface BuildOptions {
  home: string;
  settings: BuildSettings;
  register: Register;
  now: () => Date;
  signal: AbortSignal;
  /** Only this month; the others stay as published. */
  month?: string | undefined;
  memory?: string | undefined;
  progress: (what: string, done?: number, total?: number) => void;
  month_done?: (month: BuiltMonth) => void;
}

export interface BuiltMonth {
  month: string;
  outcome: "published" | "unchanged" | "kept" | "not-published";
  checks: CheckResult[];
  problem: string | null;
}

export interface BuildResult {
  list: PublishedList;
  months: BuiltMonth[];
}

/**
 * Recomputes the months whose inputs changed and publishes them:
 *
 *   units of the month -> fingerprint same? keep
 *                      -> models -> checks -> all invariants hold? file, renamed into place
 *                                          -> else the last good file stays, marked
 *   all months -> list, swapped by rename
 *
 * Costs what the changed months cost; a build with nothing to do changes no byte.
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const paths = homePaths(options.home);
  const ledger = await openLedger(paths, { memory: options.memory ?? "2GB" });
  const months: BuiltMonth[] = [];
  const verified = new Verified();
  let damage: AppError | undefined;
  try {
    const before = await readLastList(paths);
    await sweepPublished(paths, before, options.settings.keepLists);
    if (before.months.length > 0 && (await isEmpty(ledger.session)))
      throw new AppError(
        "WAREHOUSE_DAMAGED",
        `${paths.work} holds no export and ${before.months.length} months are published; they stay, run "apportion run" to take the exports in again`,
      );
    const known = await knownMonths(ledger.session, options.settings.sources);
    if (options.month !== undefined && !known.includes(options.month))
      throw new AppError(
        "MONTH_UNKNOWN",
        `--month ${options.month}: no loaded export is about it${known.length === 0 ? "" : `; there are ${known.join(", ")}`}`,
      );
    const asked = options.month === undefined ? known : [options.month];
    const entries = before.months.filter(
      (entry) => options.month !== undefined && entry.month !== options.month,
    );
    for (const [index, month] of asked.entries()) {
      options.signal.throwIfAborted();
      const last = before.months.find((entry) => entry.month === month);
      options.progress(month, index, asked.length);
      const inputs = await monthInputs(ledger.session, options.home, month, options.settings);
      const { entry, built, error } = await oneMonth(
        ledger.session,
        inputs,
        last,
        verified,
        options,
      );
      damage ??= error;
      entries.push(entry);
      months.push(built);
      noted(() =>
        monthBuilt(options.register, {
          month,
          at: options.now().toISOString(),
          published: entry.file !== null,
          problem: built.problem,
          checks: JSON.stringify(built.checks),
        }),
      );
      if (error === undefined) options.month_done?.(built);
    }
    const sorted = entries.toSorted((a, b) => (a.month < b.month ? -1 : 1));
    const found = await findingsOf(ledger.session, sorted, before.findings ?? null, {
      ...options,
      verified,
    });
    damage ??= found.error;
    const list = await publishList(
      paths,
      {
        publishedAt: options.now().toISOString(),
        currency: options.settings.currency,
        months: sorted,
        findings: found.findings,
        audit: auditHead(options.register),
      },
      options.settings.keepLists,
    );
    // The other months are published by now.
    if (damage !== undefined) throw damage;
    return { list, months };
  } catch (error) {
    throw isBlockDamage(error) ? damagedWork(paths.work, error) : error;
  } finally {
    ledger.close();
  }
}

/** Findings of what is published; where a file they need is damaged, or a check on them fails, the last ones stay, marked. */
async function findingsOf(
  session: Session,
  months: readonly PublishedMonth[],
  last: PublishedFindings | null,
  options: BuildOptions & { verified: Verified },
): Promise<{ findings: PublishedFindings | null; error?: AppError }> {
  try {
    return { findings: await makeFindings(session, months, last, options) };
  } catch (error) {
    if (options.signal.aborted) throw error;
    if (isBlockDamage(error)) throw error;
    const known = asAppError(error, "making findings");
    if (known.code !== "WAREHOUSE_DAMAGED" && known.code !== "CHECK_FAILED") throw known;
    return { findings: last === null ? null : { ...last, stale: true }, error: known };
  }
}

async function isEmpty(session: Session): Promise<boolean> {
  return (await session.rows("SELECT 1 FROM unit LIMIT 1")).length === 0;
}

interface MonthResult {
  entry: PublishedMonth;
  built: BuiltMonth;
  /** A damaged file under this month; the others can be built all the same. */
  error?: AppError;
}

async function oneMonth(
  session: Session,
  inputs: MonthInputs,
  last: PublishedMonth | undefined,
  verified: Verified,
  options: BuildOptions,
): Promise<MonthResult> {
  const { month } = inputs;
  const paths = homePaths(options.home);
  const state = stateOf(inputs, options);
  if (
    last !== undefined &&
    last.fingerprint === inputs.fingerprint &&
    // A stale month whose inputs are those of its figures again is built, and so marked no more.
    !last.stale &&
    last.file !== null &&
    existsSync(join(paths.published, last.file))
  ) {
    const checks = JSON.parse(
      buildReports(options.register).find((report) => report.month === month)?.checks ?? "[]",
    ) as CheckResult[];
    return {
      entry: { ...last, state },
      built: { month, outcome: "unchanged", checks, problem: null },
    };
  }
  const temporary = join(paths.published, `${month}-${randomUUID()}.tmp.duckdb`);
  try {
    await verifyParts(inputs, verified);
    const file = fileOf(inputs, last);
    const cause = causeOf(inputs, last);
    const previous = await previousFile(paths, month, last);
    const made = await makeMonth(session, temporary, inputs, previous, cause, options);
    const broken = made.checks.filter((check) => !check.ok && check.kind === "invariant");
    if (broken.length > 0) {
      const problem = broken.map((check) => `${check.name}: ${check.detail}`).join("; ");
      return {
        entry: keptEntry(
          month,
          last,
          inputs,
          state,
          broken.map((check) => check.name),
        ),
        built: {
          month,
          outcome: last?.file == null ? "not-published" : "kept",
          checks: made.checks,
          problem,
        },
      };
    }
    await syncFile(temporary);
    await renameDurably(temporary, join(paths.published, file));
    return {
      entry: {
        month,
        file,
        fingerprint: inputs.fingerprint,
        state,
        failed: [...new Set(made.checks.filter((check) => !check.ok).map((check) => check.name))],
        stale: false,
        publishedAt: options.now().toISOString(),
        lines: made.lines,
        rejected: inputs.units.reduce((sum, unit) => sum + Number(unit.rejected), 0),
        totals: made.totals,
        causes: inputs.causes,
      },
      built: { month, outcome: "published", checks: made.checks, problem: null },
    };
  } catch (error) {
    if (options.signal.aborted) throw error;
    if (isBlockDamage(error)) throw damagedWork(paths.work, error);
    const known = asAppError(error, `building ${month}`);
    if (known.code !== "WAREHOUSE_DAMAGED") throw known;
    return {
      entry: keptEntry(month, last, inputs, state, ["stored-files"]),
      built: {
        month,
        outcome: last?.file == null ? "not-published" : "kept",
        checks: [],
        problem: known.message,
      },
      error: known,
    };
  } finally {
    await rm(temporary, { force: true });
    await rm(`${temporary}.wal`, { force: true });
  }
}

/**
 * The name of a month's file: by what it is made from and what it succeeds, since it holds what
 * changed against that. A month that goes back to an earlier bill so never overwrites a file of a kept list.
 */
function fileOf(inputs: MonthInputs, last: PublishedMonth | undefined): string {
  if (last?.file == null) return `${inputs.month}-${inputs.fingerprint.slice(0, 32)}.duckdb`;
  if (last.fingerprint === inputs.fingerprint) return last.file;
  return `${inputs.month}-${sha256(`${last.file} ${inputs.fingerprint}`).slice(0, 32)}.duckdb`;
}

/** The file to compare with: the last published, or the newest earlier one where that is gone. */
async function previousFile(
  paths: ReturnType<typeof homePaths>,
  month: string,
  last: PublishedMonth | undefined,
): Promise<string | null> {
  const file =
    last?.file != null && existsSync(join(paths.published, last.file))
      ? last.file
      : await earlierFile(paths, month);
  return file === null ? null : join(paths.published, file);
}

/** Bytes on disk are as they were when they were loaded: a flipped bit in Parquet reads as another number. */
async function verifyParts(inputs: MonthInputs, verified: Verified): Promise<void> {
  for (const unit of inputs.units)
    for (const part of unit.parts) {
      const found = await verified.verify(part.path, part.sha256);
      if (found !== "as written")
        throw new AppError(
          "WAREHOUSE_DAMAGED",
          `${part.path} (${unit.unit}) is ${found}; run "apportion ingest --again ${unit.source}" to load it anew`,
        );
    }
  await verifyFacts(inputs.facts, verified);
}

function keptEntry(
  month: string,
  last: PublishedMonth | undefined,
  inputs: MonthInputs,
  state: MonthState,
  failed: string[],
): PublishedMonth {
  if (last?.file != null)
    return { ...last, state, failed: [...new Set([...last.failed, ...failed])], stale: true };
  return {
    month,
    file: null,
    fingerprint: inputs.fingerprint,
    state,
    failed,
    stale: false,
    publishedAt: null,
    lines: 0,
    rejected: 0,
    totals: [],
    causes: inputs.causes,
  };
}

function causeOf(inputs: MonthInputs, last: PublishedMonth | undefined): string {
  const changed = Object.entries(inputs.causes)
    .filter(([name, hash]) => last?.causes[name] !== hash)
    .map(([name]) => name);
  return changed.length === 0 ? "import" : changed.join(", ");
}

/** `open` while the month runs, `provisional` while Azure may still restate it, then `settled`. */
function stateOf(inputs: MonthInputs, options: BuildOptions): MonthState {
  const now = options.now();
  const end = new Date(`${monthBounds(inputs.month).end}T00:00:00Z`);
  if (now < end) return "open";
  const written = inputs.units
    .map((unit) => Date.parse(unit.content_since ?? unit.submitted_at ?? ""))
    .filter((time) => !Number.isNaN(time));
  const quietSince = Math.max(end.getTime(), ...written);
  const days = (now.getTime() - quietSince) / 86_400_000;
  return days < options.settings.settledAfterDays ? "provisional" : "settled";
}
