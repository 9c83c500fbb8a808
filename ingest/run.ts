import { AppError, asAppError } from "../data/errors.ts";
import { homePaths, freeBytes, makeHome, sweepTemporary } from "../data/files.ts";
import { openLedger, type Ledger } from "../data/ledger.ts";
import { addAmounts } from "../data/money.ts";
import { addMonths } from "../data/period.ts";
import { noted, type Register } from "../data/register.ts";
import {
  keepUnits,
  type RejectedReport,
  sourceRead,
  unitRead,
  type UnitReport,
  unitReports,
} from "../data/register/reports.ts";
import { damagedWork, isBlockDamage, isFatal } from "../data/warehouse.ts";
import {
  commitUnit,
  contentHash,
  ledgerRejected,
  type LedgerUnit,
  ledgerUnit,
  ledgerUnits,
  refuseOverlap,
  sweepStored,
  touchUnit,
} from "./commit.ts";
import { prepareReading } from "./cost/read.ts";
import { dropLanding, landedUnits, landingFolder, pruneLandings, readLanded } from "./landing.ts";
import { Lander } from "./lander.ts";
import { pruneSamples } from "./samples.ts";
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
  /** Loads units that did not change too, from what was landed where that is complete. */
  again?: boolean | undefined;
  landingDays: number;
  /** Days that usage by five minutes is kept; without it all is. */
  sampleDays?: number | undefined;
  memory?: string | undefined;
}

export type UnitOutcome = "loaded" | "unchanged" | "failed" | "refused" | "older" | "poorer";

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

/** What one ingest carries from unit to unit. */
interface Run {
  options: IngestOptions;
  context: SourceContext;
  ledger: Ledger;
  result: IngestResult;
}

/**
 * Plan, land, load for each source. A unit that cannot be read is reported and the rest goes on;
 * its last good load stays as it is.
 */
export async function ingest(options: IngestOptions): Promise<IngestResult> {
  const paths = homePaths(options.home);
  await makeHome(paths);
  const run: Run = {
    options,
    context: {
      home: options.home,
      now: options.now,
      signal: options.signal,
      progress: (what, done, total) => options.report.progress(what, done, total),
    },
    ledger: await openLedger(paths, { memory: options.memory ?? "512MB" }),
    result: { loaded: 0, unchanged: 0, failed: 0, rejected: 0 },
  };
  try {
    await sweepTemporary(paths);
    await sweepStored(run.ledger.session, options.home);
    await prepareReading(run.ledger.session);
    for (const source of options.sources) await oneSource(source, run);
    await prune(run.ledger, options);
    if (options.sampleDays !== undefined)
      await pruneSamples(run.ledger.session, options.home, options.now(), options.sampleDays);
    await run.ledger.session.run("CHECKPOINT").catch(() => {});
    return run.result;
  } catch (error) {
    throw isBlockDamage(error) ? damagedWork(paths.work, error) : error;
  } finally {
    run.ledger.close();
  }
}

/**
 * A source's units: those that are there now, and, where the ledger is new, those that were landed
 * once and are there no more.
 */
async function oneSource(source: Source, run: Run): Promise<void> {
  const { options, context, result } = run;
  const lander = new Lander(source, context);
  const problems: string[] = [];
  const loaded = await ledgerUnits(run.ledger.session, source.name);
  const reports = new Map(
    unitReports(options.register)
      .filter((report) => report.source === source.name)
      .map((report) => [report.unit, report]),
  );
  const done = new Set<string>();
  const take = async (unit: Unit, folder?: string, next?: Unit): Promise<AppError | null> => {
    options.signal.throwIfAborted();
    done.add(keyOf(unit));
    const report = reports.get(unit.unit);
    const failure = await oneUnit({ source, unit, report, folder, lander, next }, run);
    if (failure === null) return null;
    const { cause } = failure;
    if (isBlockDamage(cause)) throw cause;
    if (isFatal(cause ?? failure)) await reopen(run);
    // What a failed load left takes the room that the next unit needs.
    await sweepStored(run.ledger.session, options.home);
    return failure;
  };

  const landed =
    loaded.length === 0 || options.again ? await landedUnits(options.home, source.name) : [];
  if (options.again)
    for (const { unit, folder } of landed) {
      const isLoaded = loaded.some((known) => keyOf(known) === keyOf(unit));
      if (!isLoaded || !inWindow(unit, options) || (await readLanded(folder)) === null) continue;
      const failure = await take(unit, folder);
      if (failure !== null) problems.push(failure.message);
    }
  const plan = await planned(source, context, options, problems, result);
  const wanted = plan.units.filter((unit) => !done.has(keyOf(unit)) && inWindow(unit, options));
  const isNew = (unit: Unit) =>
    !loaded.some(
      (known) =>
        known.unit === unit.unit &&
        (known.fingerprint === unit.fingerprint ||
          (known.submitted_at ?? "") > (unit.submittedAt ?? "")),
    );
  try {
    for (const [index, unit] of wanted.entries()) {
      const failure = await take(unit, undefined, wanted.slice(index + 1).find(isNew));
      if (failure !== null) problems.push(failure.message);
    }
  } finally {
    await lander.settle();
  }
  if (loaded.length === 0) await restore(source, landed, done, take, run);
  noted(() => {
    if (plan.names !== null) {
      const kept = [...plan.names, ...loaded.map((known) => known.unit)];
      keepUnits(options.register, source.name, [...kept, ...landed.map(({ unit }) => unit.unit)]);
    }
    sourceRead(
      options.register,
      source.name,
      source.type,
      options.now().toISOString(),
      problems[0] === undefined
        ? null
        : problems.length === 1
          ? problems[0]
          : `${problems[0]} (and ${problems.length - 1} more)`,
    );
  });
}

const keyOf = (unit: { unit: string; fingerprint: string }) =>
  `${unit.unit}\u0000${unit.fingerprint}`;

/** Loads what was landed before the ledger was lost and is not at the source any more, newest run first. */
async function restore(
  source: Source,
  landed: readonly { unit: Unit; folder: string }[],
  done: ReadonlySet<string>,
  take: (unit: Unit, folder: string) => Promise<AppError | null>,
  run: Run,
): Promise<void> {
  for (const { unit, folder } of landed) {
    if (done.has(keyOf(unit)) || !inWindow(unit, run.options)) continue;
    if ((await ledgerUnit(run.ledger.session, source.name, unit.unit)) !== undefined) continue;
    if ((await readLanded(folder)) !== null) await take(unit, folder);
  }
}

async function reopen(run: Run): Promise<void> {
  run.ledger.close();
  run.ledger = await openLedger(homePaths(run.options.home), {
    memory: run.options.memory ?? "512MB",
  });
  await prepareReading(run.ledger.session);
}

/** The units of a source and all names it gave; a source that cannot be listed fails as a whole, without names. */
async function planned(
  source: Source,
  context: SourceContext,
  options: IngestOptions,
  problems: string[],
  result: IngestResult,
): Promise<{ units: Unit[]; names: string[] | null }> {
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
    const names = [...plan.units, ...plan.problems].map((entry) => entry.unit);
    return { units: plan.units, names };
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
    return { units: [], names: null };
  }
}

function inWindow(unit: Unit, options: IngestOptions): boolean {
  const { days } = unit;
  if (days !== undefined)
    return (
      (options.until === undefined || days.from < options.until) &&
      (options.since === undefined || days.until > options.since)
    );
  if (unit.months.length === 0) return true;
  return unit.months.some(
    (month) =>
      (options.until === undefined || `${month}-01` < options.until) &&
      (options.since === undefined || `${addMonths(month, 1)}-01` > options.since),
  );
}

/** A unit to take, from `folder` where it was landed before; `next` is the one that follows it. */
interface Taking {
  source: Source;
  unit: Unit;
  report: UnitReport | undefined;
  folder: string | undefined;
  lander: Lander;
  next: Unit | undefined;
}

async function oneUnit(taking: Taking, run: Run): Promise<AppError | null> {
  const { options, context, result } = run;
  const { source } = taking;
  let { unit } = taking;
  for (let attempt = 1; ; attempt++)
    try {
      await takeUnit({ ...taking, unit }, run);
      return null;
    } catch (error) {
      if (options.signal.aborted) throw error;
      const known = asAppError(error, `${source.name}: ${unit.unit}`);
      if (known.code === "UNIT_CHANGED" && attempt < TRIES) {
        const again = await source.plan(context).catch(() => undefined);
        unit = again?.units.find((candidate) => candidate.unit === unit.unit) ?? unit;
        continue;
      }
      const named =
        known.code === "DISK_FULL" && !known.message.includes(unit.unit)
          ? new AppError("DISK_FULL", `${unit.unit}: ${known.message}`, { cause: known.cause })
          : known;
      fail(source, unit, named, options, result);
      return named;
    }
}

async function takeUnit(taking: Taking, run: Run): Promise<void> {
  const { options, context, result } = run;
  const { source, unit, report, folder, lander } = taking;
  const { session } = run.ledger;
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
  if (known?.fingerprint === unit.fingerprint && !options.again) {
    result.unchanged += 1;
    await mendReport(source, unit.unit, run, report);
    tell("unchanged", Number(known.rows), Number(known.rejected));
    return;
  }
  if (
    known?.submitted_at != null &&
    unit.submittedAt !== null &&
    unit.submittedAt < known.submitted_at
  ) {
    result.unchanged += 1;
    await mendReport(source, unit.unit, run, report);
    tell(
      "older",
      Number(known.rows),
      Number(known.rejected),
      `a run of ${known.submitted_at} is loaded`,
    );
    return;
  }
  await roomFor(unit, options.home);
  const landed = await lander.land(unit, folder);
  await lander.begin(taking.next, unit);
  if (known !== undefined && known.content_hash === contentHash(landed) && !options.again) {
    await touchUnit(session, source.name, unit);
    result.unchanged += 1;
    await mendReport(source, unit.unit, run, report);
    tell("unchanged", Number(known.rows), Number(known.rejected));
    return;
  }
  const at = options.now().toISOString();
  let loaded;
  try {
    loaded = await source.load(unit, landed, { ...context, session });
    if (Number(known?.coverage ?? 0) > (loaded.coverage ?? 0)) {
      // Usage is not destroyed: a server that forgot part of a day does not take it from us.
      await touchUnit(session, source.name, unit);
      await sweepStored(session, options.home);
      result.unchanged += 1;
      await mendReport(source, unit.unit, run, report);
      tell(
        "poorer",
        Number(known?.rows ?? 0),
        0,
        `${loaded.coverage ?? 0} seconds are covered now, ${known?.coverage} were: the better answer stays`,
      );
      return;
    }
    await refuseOverlap(session, source, unit, loaded, contentHash(landed));
    await commitUnit(session, options.home, source, unit, landed, loaded, at);
  } catch (error) {
    // Room for the other units; these bytes can be fetched again.
    if (folder === undefined && asAppError(error).code === "DISK_FULL")
      await dropLanding(options.home, source.name, unit);
    throw error;
  }
  await mendReport(source, unit.unit, run, undefined);
  result.loaded += 1;
  result.rejected += loaded.rejected.length;
  tell("loaded", loaded.rows, loaded.rejected.length);
}

/**
 * Makes the register say of a unit what the ledger says, where it does not: after a load, after a kill
 * between the two, after a full disk, or when a run that failed is gone again.
 */
async function mendReport(
  source: Source,
  unit: string,
  run: Run,
  report: UnitReport | undefined,
): Promise<void> {
  const known = await ledgerUnit(run.ledger.session, source.name, unit);
  if (known === undefined) return;
  if (
    report?.state === "loaded" &&
    report.run === known.run &&
    report.submittedAt === known.submitted_at &&
    report.at === known.loaded_at
  )
    return;
  const rejected = await ledgerRejected(run.ledger.session, source.name, unit);
  noted(() =>
    unitRead(
      run.options.register,
      loadedReport(source, unit, known, rejected),
      rejected.map((row): RejectedReport => ({ ...row, source: source.name, unit })),
    ),
  );
}

function loadedReport(
  source: Source,
  unit: string,
  known: LedgerUnit,
  rejected: readonly RejectedLine[],
): UnitReport {
  const { run, submitted_at: submittedAt, months } = known;
  return {
    ...reportOf(source, { unit, run, submittedAt, months }, known.loaded_at),
    state: "loaded",
    rows: Number(known.rows),
    rejected: rejected.length,
    rejectedAmount: rejectedAmounts(rejected),
  };
}

/** Twice the unit: our copy, and the largest of its parts unpacked. */
async function roomFor(unit: Unit, home: string): Promise<void> {
  const free = await freeBytes(home);
  if (free < unit.bytes * 2)
    throw new AppError(
      "DISK_FULL",
      `${unit.unit}: the disk is full: ${unit.bytes * 2} bytes are needed at ${home} and ${free} are free; free space and run the command again`,
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
  noted(() =>
    unitRead(
      options.register,
      {
        ...reportOf(source, unit, options.now().toISOString()),
        state: outcome,
        problem: error.message,
        code: error.code,
      },
      [],
    ),
  );
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
