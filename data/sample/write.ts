import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Bill, type Version } from "./bill.ts";
import { type Day, LAST_DAY, type Month, monthsOf } from "./calendar.ts";
import { fixed18 } from "./decimal.ts";
import { ENVIRONMENTS, northwind } from "./estate.ts";
import { extraLines } from "./extras.ts";
import { FOCUS_EXPORT, FocusRows } from "./focus-export.ts";
import { harbour } from "./harbour.ts";
import { ACTUAL_EXPORT, AMORTIZED_EXPORT, legacyRow } from "./legacy-export.ts";
import type { Line } from "./model.ts";
import { apportionYaml, ownersYaml } from "./owners.ts";
import { USAGE_EXPORT, usageRow } from "./payg-export.ts";
import { sandbox } from "./sandbox.ts";
import { SharedServices } from "./shared.ts";
import { type ExportDefinition, type RunResult, type RunSpec, RunWriter } from "./tree.ts";
import { type RunTruth, type SampleTruth, TruthBook } from "./truth.ts";
import { writeRecorded } from "./recorded.ts";
import type { Gap } from "./specials.ts";
import { UsageBook } from "./usage-truth.ts";

export type { KeyTruth, MonthTruth, OwnerTruth, RunTruth, SampleTruth, Sums } from "./truth.ts";
export type * from "./usage-truth.ts";

/**
 * `days` back from 2026-08-31 (default 62: two whole months); `restate: false` stops before July is corrected.
 * `usage` (default false; true, or the environments) writes the clusters' usage and the drivers of shared services too, names them in the configuration
 * and says in the truth what they make of the bill; `gaps` are the outages of Prometheus then, in place of the sample's own.
 */
export interface SampleOptions {
  days?: number;
  usage?: boolean | readonly string[];
  gaps?: readonly Gap[];
  onProgress?: (done: number, total: number, what: string) => void;
  restate?: boolean;
}

/** What was written: billing months, files, CSV rows over all runs, and what is true of them. */
export interface SampleResult {
  months: string[];
  files: number;
  lines: number;
  truth: SampleTruth;
}

const SAMPLE = "northwind-mutual";
const RESTATED = "2026-07";

/**
 * Writes the sample company's exports, `apportion.yaml`, `owners.yaml` and `truth.json` under `home`, the same bytes every time.
 * Replaces the exports of an earlier sample there. Rejects when a file cannot be written or `days` is out of range.
 */
export async function writeSample(
  home: string,
  options: SampleOptions = {},
): Promise<SampleResult> {
  const months = monthsOf(options.days ?? 62);
  const restate = options.restate ?? true;
  await mkdir(home, { recursive: true });
  if (await isSample(home))
    for (const folder of ["exports", "usage", "drivers"])
      await rm(join(home, folder), { recursive: true, force: true });
  const asked = options.usage ?? false;
  const environments = asked === true ? ENVIRONMENTS : asked === false ? [] : asked;
  const shared = new SharedServices(months);
  const usage = environments.length > 0 ? new UsageBook(environments, options.gaps, shared) : null;
  const writer = new SampleWriter(home, restate, months, usage, options.onProgress);
  for (const month of months) await writer.month(month);

  const drivers = usage === null ? [] : [...shared.files()];
  if (drivers.length > 0) await mkdir(join(home, "drivers"), { recursive: true });
  for (const [name, text] of drivers) await writeFile(join(home, "drivers", name), text);

  const truth: SampleTruth = {
    sample: SAMPLE,
    from: months[0]?.days[0]?.date ?? LAST_DAY,
    to: LAST_DAY,
    months: writer.truth.months(),
    restated: writer.before.months().filter((month) => month.currency === "EUR"),
    runs: writer.runs,
    ...(usage === null ? {} : { usage: usage.truth() }),
  };
  await writeFile(join(home, "apportion.yaml"), apportionYaml(environments));
  await writeFile(join(home, "owners.yaml"), ownersYaml(usage !== null));
  await writeFile(join(home, "truth.json"), `${JSON.stringify(truth, null, 1)}\n`);
  return {
    months: months.map((month) => month.name),
    files: writer.files + drivers.length + 3,
    lines: writer.lines,
    truth,
  };
}

async function isSample(home: string): Promise<boolean> {
  try {
    return (
      (JSON.parse(await readFile(join(home, "truth.json"), "utf8")) as { sample?: string })
        .sample === SAMPLE
    );
  } catch {
    return false;
  }
}

class SampleWriter {
  readonly truth = new TruthBook();
  readonly before = new TruthBook();
  readonly runs: RunTruth[] = [];
  files = 0;
  lines = 0;
  readonly #exports: string;
  readonly #usageFolder: string;
  readonly #usageBook: UsageBook | null;
  readonly #restate: boolean;
  readonly #total: number;
  readonly #onProgress: SampleOptions["onProgress"];
  readonly #northwind = new Bill(northwind(), "focus");
  readonly #harbour = new Bill(harbour(), "legacy");
  readonly #sandbox = new Bill(sandbox(), "payg");
  #done = 0;
  #written: Promise<unknown> = Promise.resolve();

  constructor(
    home: string,
    restate: boolean,
    months: readonly Month[],
    usage: UsageBook | null,
    onProgress: SampleOptions["onProgress"],
  ) {
    this.#exports = join(home, "exports");
    this.#usageFolder = join(home, "usage");
    this.#usageBook = usage;
    this.#restate = restate;
    this.#total =
      months.length * 4 + (restate && months.some((month) => month.name === RESTATED) ? 1 : 0);
    this.#onProgress = onProgress;
  }

  async month(month: Month): Promise<void> {
    const restated = month.name === RESTATED;
    if (restated)
      await this.#focus(
        month,
        "first",
        this.#restate ? this.before : this.truth,
        `${month.next.slice(0, 8)}01T05:12:09`,
      );
    if (!restated || this.#restate)
      await this.#focus(
        month,
        "final",
        this.truth,
        month.end === LAST_DAY ? "2026-09-01T06:41:17" : `${month.next.slice(0, 8)}05T06:20:31`,
      );
    await this.#legacy(month);
    await this.#usage(month);
    await this.#written;
  }

  async #focus(month: Month, version: Version, book: TruthBook, submitted: string): Promise<void> {
    const run = new RunWriter(this.#exports, {
      definition: FOCUS_EXPORT,
      month,
      submitted,
      overwrites: month.name !== RESTATED,
    });
    const rows = new FocusRows(month);
    const sum = { billed: 0n, effective: 0n };
    for (const day of month.days) {
      const lines = [
        ...this.#northwind.day(day, month, version),
        ...extraLines(day, month, version),
      ];
      if (book === this.truth) await this.#clusters(month, day, lines);
      for (const line of lines) {
        rows.write(line, run);
        book.add(month.name, "EUR", line.charge.meter.service, line);
        sum.billed += line.billed.value;
        sum.effective += line.effective.value;
      }
      await run.breathe();
    }
    this.#finished(await run.finish(), FOCUS_EXPORT, month, "EUR", sum, book === this.before);
  }

  /** What a day's lines of clusters were for, and the usage that says so. */
  async #clusters(month: Month, day: Day, lines: readonly Line[]): Promise<void> {
    const usage = this.#usageBook;
    if (usage === null) return;
    usage.day(month.name, "EUR", day, lines);
    for (const [environment, scraped] of usage.scraped) {
      const written = writeRecorded(join(this.#usageFolder, environment), scraped, day.number);
      scraped.forget(day.number - 1);
      this.files++;
      // One is compressed while the next is made.
      await this.#written;
      this.#written = written;
    }
  }

  async #legacy(month: Month): Promise<void> {
    const spec: Omit<RunSpec, "definition"> = {
      month,
      submitted: `${month.next.slice(0, 8)}02T03:55:48`,
      overwrites: true,
    };
    const lines = month.days.flatMap((day) => this.#harbour.day(day, month, "final"));
    for (const line of lines) this.#count(month, "EUR", line);
    for (const [definition, half] of [
      [ACTUAL_EXPORT, "actual"],
      [AMORTIZED_EXPORT, "amortized"],
    ] as const) {
      const run = new RunWriter(this.#exports, { ...spec, definition });
      let sum = 0n;
      for (const line of lines) {
        const row = legacyRow(line, month, half);
        if (row === null) continue;
        run.add(row);
        sum += half === "actual" ? line.billed.value : line.effective.value;
      }
      this.#finished(
        await run.finish(),
        definition,
        month,
        "EUR",
        half === "actual" ? { billed: sum } : { effective: sum },
        false,
      );
    }
  }

  async #usage(month: Month): Promise<void> {
    const run = new RunWriter(this.#exports, {
      definition: USAGE_EXPORT,
      month,
      submitted: `${month.next.slice(0, 8)}03T02:07:33`,
      overwrites: true,
    });
    let sum = 0n;
    for (const line of month.days.flatMap((day) => this.#sandbox.day(day, month, "final"))) {
      run.add(usageRow(line));
      this.#count(month, "USD", line);
      sum += line.billed.value;
    }
    this.#finished(
      await run.finish(),
      USAGE_EXPORT,
      month,
      "USD",
      { billed: sum, effective: sum },
      false,
    );
  }

  #count(month: Month, currency: string, line: Line): void {
    this.truth.add(month.name, currency, line.charge.meter.category, line);
    this.#usageBook?.line(month.name, currency, line);
    if (this.#restate && month.name === RESTATED)
      this.before.add(month.name, currency, line.charge.meter.category, line);
  }

  #finished(
    run: RunResult,
    definition: ExportDefinition,
    month: Month,
    currency: string,
    sum: { billed?: bigint; effective?: bigint },
    superseded: boolean,
  ): void {
    const name = `${definition.root}/${definition.name}`;
    this.files += run.files;
    this.lines += run.rows;
    this.runs.push({
      export: name,
      type: definition.type,
      month: month.name,
      currency,
      runId: run.runId,
      superseded,
      rows: run.rows,
      bytes: run.bytes,
      billed: sum.billed === undefined ? null : fixed18(sum.billed),
      effective: sum.effective === undefined ? null : fixed18(sum.effective),
    });
    this.#onProgress?.(++this.#done, this.#total, `${name} ${month.name}`);
  }
}
