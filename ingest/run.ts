import { AppError, asAppError } from "../data/errors.ts";
import { homePaths, freeBytes, makeHome } from "../data/files.ts";
import { openLedger, type Ledger } from "../data/ledger.ts";
import { addAmounts } from "../data/money.ts";
import { addMonths } from "../data/period.ts";
import type { RejectedReport, Register, UnitReport } from "../data/register.ts";
import { isFatal } from "../data/warehouse.ts";
import {
  commitUnit,
  contentHash,
  ledgerUnit,
  refuseOverlap,
  sweepLines,
  touchUnit,
} from "./commit.ts";
import { prepareReading } from "./cost/read.ts";
import { landingFolder, pruneLandings } from "./landing.ts";
import type { RejectedLine, Source, SourceContext, Unit } from "./source.ts";

export interface IngestOptions {
  home: string;
  sources: readonly Source[];
  register: Register;
  now: () => Date;
  signal: AbortSignal;
  report: IngestReporter;
  /** Days `[since, until)` as YYYY-MM-DD; a unit about no day in it is left alone. */
  since?: string | undefined;
  until?: string | undefined;
  landingDays: number;
  memory?: string | undefined;
}

export type UnitOutcome = "loaded" | "unchanged" | "failed" | "refused" | "older";

export interface IngestReporter {
  progress(what: string, done?: number, total?: number): void;
  unit(event: {
    source: string;
    unit: string;
    outcome: UnitOutcome;
    rows: number;
    rejected: number;
    problem: string | null;
    code: string | null;
  }): void;
}

export interface IngestResult {
  loaded: number;
  unchanged: number;
  failed: number;
  rejected: number;
}

// An export being overwritten is listed again; a third miss is somebody else's problem.
const TRIES = 3;

/**
 * Plan, land, load for each source. A unit that cannot be read is reported and the rest goes on;
 * its last good load stays as it is.
 */
export async function ingest(options: IngestOptions): Promise<IngestResult> {
  const paths = homePaths(options.home);
  await makeHome(paths);
  let ledger = await openLedger(paths, { memory: options.memory ?? "512MB" });
  const result: IngestResult = { loaded: 0, unchanged: 0, failed: 0, rejected: 0 };
  const context: SourceContext = {
    home: options.home,
    now: options.now,
    signal: options.signal,
    progress: (what, done, total) => options.report.progress(what, done, total),
  };
  try {
    await sweepLines(ledger.session, options.home);
    await makeHome(paths);
    await prepareReading(ledger.session);
    for (const source of options.sources) {
      const problems: string[] = [];
      const seen = await planned(source, context, options, problems, result);
      for (const unit of seen) {
        options.signal.throwIfAborted();
        const failure = await oneUnit(source, unit, ledger, context, options, result);
        if (failure === null) continue;
        problems.push(failure.message);
        if (isFatal(failure.cause ?? failure)) ledger = await reopen(ledger, options);
      }
      options.register.sourceRead(
        source.name,
        source.type,
        options.now().toISOString(),
        problems[0] === undefined
          ? null
          : problems.length === 1
            ? problems[0]
            : `${problems[0]} (and ${problems.length - 1} more)`,
      );
    }
    await prune(ledger, options);
    await ledger.session.run("CHECKPOINT").catch(() => {});
    return result;
  } finally {
    ledger.close();
  }
}

async function reopen(ledger: Ledger, options: IngestOptions): Promise<Ledger> {
  ledger.close();
  const next = await openLedger(homePaths(options.home), { memory: options.memory ?? "512MB" });
  await prepareReading(next.session);
  return next;
}

/** The units of a source in the asked window; a source that cannot be listed fails as a whole. */
async function planned(
  source: Source,
  context: SourceContext,
  options: IngestOptions,
  problems: string[],
  result: IngestResult,
): Promise<Unit[]> {
  options.report.progress(`${source.name}: looking for exports`);
  try {
    const plan = await source.plan(context);
    for (const problem of plan.problems) {
      const error = asAppError(problem.error, problem.unit);
      problems.push(error.message);
      fail(
        source,
        { unit: problem.unit, run: null, submittedAt: null, months: [] },
        error,
        options,
        result,
      );
    }
    return plan.units.filter((unit) => inWindow(unit, options));
  } catch (error) {
    if (options.signal.aborted) throw error;
    const known = asAppError(error, source.name);
    problems.push(known.message);
    fail(
      source,
      { unit: source.name, run: null, submittedAt: null, months: [] },
      known,
      options,
      result,
    );
    return [];
  }
}

function inWindow(unit: Unit, options: IngestOptions): boolean {
  if (unit.months.length === 0) return true;
  return unit.months.some(
    (month) =>
      (options.until === undefined || `${month}-01` < options.until) &&
      (options.since === undefined || `${addMonths(month, 1)}-01` > options.since),
  );
}

async function oneUnit(
  source: Source,
  first: Unit,
  ledger: Ledger,
  context: SourceContext,
  options: IngestOptions,
  result: IngestResult,
): Promise<AppError | null> {
  let unit = first;
  for (let attempt = 1; ; attempt++)
    try {
      await takeUnit(source, unit, ledger, context, options, result);
      return null;
    } catch (error) {
      if (options.signal.aborted) throw error;
      const known = asAppError(error, `${source.name}: ${unit.unit}`);
      if (known.code === "UNIT_CHANGED" && attempt < TRIES) {
        const again = await source.plan(context).catch(() => undefined);
        unit = again?.units.find((candidate) => candidate.unit === unit.unit) ?? unit;
        continue;
      }
      fail(source, unit, known, options, result);
      return known;
    }
}

async function takeUnit(
  source: Source,
  unit: Unit,
  ledger: Ledger,
  context: SourceContext,
  options: IngestOptions,
  result: IngestResult,
): Promise<void> {
  const { session } = ledger;
  const known = await ledgerUnit(session, source.name, unit.unit);
  const tell = (
    outcome: UnitOutcome,
    rows: number,
    rejected: number,
    problem: string | null = null,
  ) =>
    options.report.unit({
      source: source.name,
      unit: unit.unit,
      outcome,
      rows,
      rejected,
      problem,
      code: null,
    });
  if (known?.fingerprint === unit.fingerprint) {
    result.unchanged += 1;
    tell("unchanged", Number(known.rows), Number(known.rejected));
    return;
  }
  if (
    known?.submitted_at != null &&
    unit.submittedAt !== null &&
    unit.submittedAt < known.submitted_at
  ) {
    result.unchanged += 1;
    tell(
      "older",
      Number(known.rows),
      Number(known.rejected),
      `a run of ${known.submitted_at} is loaded`,
    );
    return;
  }
  await roomFor(unit, options.home);
  const landed = await source.land(unit, context);
  if (known !== undefined && known.content_hash === contentHash(landed)) {
    await touchUnit(session, source.name, unit);
    result.unchanged += 1;
    tell("unchanged", Number(known.rows), Number(known.rejected));
    return;
  }
  const loaded = await source.load(unit, landed, { ...context, session });
  await refuseOverlap(session, source, unit, loaded, contentHash(landed));
  const at = options.now().toISOString();
  await commitUnit(session, options.home, source, unit, landed, loaded, at);
  options.register.unitRead(
    {
      ...reportOf(source, unit, at),
      state: "loaded",
      rows: loaded.rows,
      rejected: loaded.rejected.length,
      rejectedAmount: rejectedAmounts(loaded.rejected),
      months: [
        ...new Set([...unit.months, ...loaded.controls.map((control) => control.month)]),
      ].toSorted(),
    },
    loaded.rejected.map((row): RejectedReport => ({
      ...row,
      source: source.name,
      unit: unit.unit,
    })),
  );
  result.loaded += 1;
  result.rejected += loaded.rejected.length;
  tell("loaded", loaded.rows, loaded.rejected.length);
}

/** Twice the unit: our copy, and the largest of its parts unpacked. */
async function roomFor(unit: Unit, home: string): Promise<void> {
  const free = await freeBytes(home);
  if (free < unit.bytes * 2)
    throw new AppError(
      "DISK_FULL",
      `${unit.unit}: ${unit.bytes * 2} bytes are needed on the disk of ${home} and ${free} are free; free space and run the command again`,
    );
}

function reportOf(
  source: Source,
  unit: Pick<Unit, "unit" | "run" | "submittedAt" | "months">,
  at: string,
): UnitReport {
  return {
    source: source.name,
    type: source.type,
    unit: unit.unit,
    run: unit.run,
    months: [...unit.months],
    state: "failed",
    rows: 0,
    rejected: 0,
    rejectedAmount: [],
    submittedAt: unit.submittedAt,
    at,
    problem: null,
    code: null,
  };
}

function rejectedAmounts(rejected: readonly RejectedLine[]): UnitReport["rejectedAmount"] {
  const byCurrency = Map.groupBy(
    rejected.filter((row) => row.amount !== null),
    (row) => row.currency ?? "",
  );
  return [...byCurrency].map(([currency, rows]) => ({
    currency,
    amount: addAmounts(rows.map((row) => row.amount as string)),
  }));
}

function fail(
  source: Source,
  unit: Pick<Unit, "unit" | "run" | "submittedAt" | "months">,
  error: AppError,
  options: IngestOptions,
  result: IngestResult,
): void {
  result.failed += 1;
  const outcome = error.code === "EXPORTS_OVERLAP" ? "refused" : "failed";
  options.report.unit({
    source: source.name,
    unit: unit.unit,
    outcome,
    rows: 0,
    rejected: 0,
    problem: error.message,
    code: error.code,
  });
  try {
    options.register.unitRead(
      {
        ...reportOf(source, unit, options.now().toISOString()),
        state: outcome,
        problem: error.message,
        code: error.code,
      },
      [],
    );
  } catch {
    // On a full disk the register cannot be written either; the error above has been told.
  }
}

async function prune(ledger: Ledger, options: IngestOptions): Promise<void> {
  const current = new Set(
    (
      await ledger.session.rows<{ source: string; unit: string; fingerprint: string }>(
        "SELECT source, unit, fingerprint FROM unit",
      )
    ).map((row) => landingFolder(options.home, row.source, row.unit, row.fingerprint)),
  );
  const loaded = await ledger.session.rows<{ landed: string }>(
    "SELECT DISTINCT landed FROM unit_part",
  );
  for (const { landed } of loaded)
    current.add(`${options.home}/${landed.slice(0, landed.lastIndexOf("/"))}`);
  const before = new Date(options.now().getTime() - options.landingDays * 86_400_000);
  await pruneLandings(options.home, current, before);
}
