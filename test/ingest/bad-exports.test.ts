import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homePaths } from "../../data/files.ts";
import { type Ledger, openLedger } from "../../data/ledger.ts";
import { storedLines } from "../../data/lines.ts";
import { plainAmount } from "../../data/money.ts";
import { Register } from "../../data/register.ts";
import { type UnitReport, unitReports } from "../../data/register/reports.ts";
import { directoryStore } from "../../ingest/azure-exports/directory.ts";
import { azureExportsSource } from "../../ingest/azure-exports/source.ts";
import { ingest, type IngestReporter } from "../../ingest/run.ts";
import type { Source } from "../../ingest/source.ts";
import {
  billOf,
  readCase,
  unitOf,
  type Who,
  writeBadExport,
  writeExport,
} from "../cases/bad-exports/make.ts";

/**
 * One folder of `test/cases/bad-exports` is one broken export. All of them are ingested at once, good
 * ones among them, into a home that holds an earlier, good run of each:
 *
 *   the good ones load, whatever stands around them
 *   a broken one loads with its bad rows put aside, or fails by name, and then its earlier run stays
 */

const CASES = join(import.meta.dirname, "../cases/bad-exports");
const SOURCE = "billing";
// Before, between and after the broken ones.
const GOOD = ["a-good", "m-good", "z-good"];
const EARLIER = { rows: 2, billed: "111.11", rejected: [] };

type Event = Parameters<IngestReporter["unit"]>[0];

const cases = readdirSync(CASES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .toSorted()
  .map((name, index) => {
    const who: Who = { name, subscription: index.toString(36).padStart(3, "0") };
    const bad = readCase(join(CASES, name), who);
    const unit = unitOf(who);
    const { outcome, unit: told = unit, beside = {} } = bad.expect;
    // One that loads replaces what was there; the others must leave it alone. A few of the first too.
    const before =
      ((outcome !== "loaded" || told !== unit) && beside[unit] === undefined) || index % 10 === 0;
    return { who, unit, bad, before, kept: before && (outcome !== "loaded" || told !== unit) };
  });

let root: string;
let home: string;
let events: Event[];
let reports: UnitReport[];
let ledger: Ledger;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "apportion-bad-"));
  home = join(root, "home");
  const earlier = join(root, "earlier");
  const exports = join(root, "exports");
  for (const { who, before } of cases) {
    const bill = await billOf(who.subscription, ["100.01", "11.1"]);
    if (before) await writeExport(earlier, who.name, "2026-08-20T08:00:00.0000000Z", bill, 2);
    await writeBadExport(root, join(CASES, who.name), who);
  }
  for (const name of GOOD) {
    const bill = await billOf(name, ["1.5", "2.5", "3.5"]);
    await writeExport(exports, name, "2026-08-25T09:00:00.0000000Z", bill, 3);
  }
  const first = await ingestInto(earlier);
  expect(first.filter((event) => event.outcome === "loaded")).toHaveLength(
    cases.filter((one) => one.before).length,
  );
  events = await ingestInto(exports);
  const register = new Register(homePaths(home).register);
  reports = unitReports(register);
  register.close();
  ledger = await openLedger(homePaths(home));
}, 240_000);

afterAll(() => {
  ledger?.close();
  rmSync(root, { recursive: true, force: true });
});

async function ingestInto(exports: string): Promise<Event[]> {
  mkdirSync(home, { recursive: true });
  const register = new Register(homePaths(home).register);
  const told: Event[] = [];
  try {
    await ingest({
      home,
      sources: [
        azureExportsSource(
          { type: "azure-exports", name: SOURCE, location: { directory: exports } },
          async () => directoryStore(exports),
        ) as unknown as Source,
      ],
      register,
      now: () => new Date("2026-09-20T12:00:00Z"),
      signal: new AbortController().signal,
      report: { progress: () => {}, unit: (event) => told.push(event) },
      landingDays: 7,
    });
  } finally {
    register.close();
  }
  return told;
}

interface Stored {
  rows: number;
  billed: string | null;
  values: unknown[][];
  rejected: { line: number; reason: string; amount: string | null; text: string; file: string }[];
}

/** What a home holds of a unit: counted in the line files themselves, not in the ledger's word. */
async function storedOf(unit: string, columns: string[] = []): Promise<Stored> {
  {
    const { session } = ledger;
    const key = { source: SOURCE, unit };
    const files = (
      await session.rows<{ parquet: string }>(
        "SELECT parquet FROM unit_part WHERE source = $source AND unit = $unit AND parquet IS NOT NULL",
        key,
      )
    ).map((row) => join(home, row.parquet));
    const rejected = await session.rows<Stored["rejected"][number]>(
      "SELECT CAST(line AS INTEGER) AS line, reason, amount, text, file FROM quarantine WHERE source = $source AND unit = $unit ORDER BY line",
      key,
    );
    const [ledgerRow] = await session.rows<{ rows: string; rejected: string }>(
      "SELECT rows, rejected FROM unit WHERE source = $source AND unit = $unit",
      key,
    );
    if (files.length === 0) return { rows: 0, billed: null, values: [], rejected };
    const { rows, billed } = await session.one<{ rows: string; billed: string | null }>(
      "SELECT count(*) AS rows, sum(coalesce(billed_cost, effective_cost)) AS billed FROM read_parquet($files, union_by_name = true)",
      { files },
    );
    expect(ledgerRow).toEqual({ rows, rejected: String(rejected.length) });
    const values: unknown[][] = [];
    for (const column of columns) {
      const list = await session.rows<{ value: unknown }>(
        `SELECT ${column} AS value FROM ${storedLines(files)} ORDER BY charge_period_start, charge_description, billed_cost`,
      );
      values.push(list.map((row) => row.value));
    }
    return {
      rows: Number(rows),
      billed: billed === null ? null : plainAmount(billed),
      values,
      rejected: rejected.map((row) => ({
        ...row,
        line: Number(row.line),
        amount: row.amount === null ? null : plainAmount(row.amount),
      })),
    };
  }
}

/** What a unit holds, as far as every unit is asked. */
async function holdsOf(unit: string) {
  const { rows, billed, rejected } = await storedOf(unit);
  return { rows, billed, rejected };
}

describe("a good export among broken ones", () => {
  for (const name of GOOD)
    it(`${name} loads`, async () => {
      const unit = unitOf({ name, subscription: name });
      expect(events.filter((event) => event.unit === unit)).toMatchObject([
        { outcome: "loaded", rows: 3, rejected: 0, problem: null, code: null },
      ]);
      expect(await holdsOf(unit)).toEqual({ rows: 3, billed: "7.5", rejected: [] });
    });

  it("and nothing is told of that no case names", () => {
    const named = new Set([
      ...GOOD.map((name) => unitOf({ name, subscription: name })),
      ...cases.flatMap(({ unit, bad }) => [
        bad.expect.unit ?? unit,
        ...Object.keys(bad.expect.beside ?? {}),
      ]),
    ]);
    expect(events.filter((event) => !named.has(event.unit))).toEqual([]);
  });
});

describe("a broken export", () => {
  for (const { who, unit: usual, bad, kept } of cases) {
    const want = bad.expect;
    const unit = want.unit ?? usual;
    it(`${who.name}: ${bad.meets.join(", ")}`, async () => {
      const own = events.filter((event) => event.unit === unit);
      if (want.outcome === "nothing") expect(own).toEqual([]);
      else {
        expect(own).toHaveLength(1);
        const [event] = own as [Event];
        expect(event.outcome, event.problem ?? "").toBe(want.outcome);
        expect(event.code).toBe(want.code ?? null);
        for (const word of want.words ?? []) expect(event.problem).toContain(word);
        const report = reports.find((known) => known.unit === unit);
        expect(report).toMatchObject({ state: want.outcome, code: want.code ?? null });
        expect(report?.problem).toBe(event.problem);
        // One line for a terminal, whatever the names in it hold.
        // oxlint-disable-next-line no-control-regex
        expect(event.problem ?? "").not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }

      if (want.outcome === "loaded") {
        const columns = Object.keys(want.stored ?? {});
        const stored = await storedOf(unit, columns);
        expect({ rows: stored.rows, billed: stored.billed }).toEqual({
          rows: want.rows,
          billed: want.billed,
        });
        columns.forEach((column, index) =>
          expect({ [column]: stored.values[index] }).toEqual({ [column]: want.stored?.[column] }),
        );
        const expected = want.rejected ?? [];
        expect(own[0]).toMatchObject({ rows: want.rows, rejected: expected.length });
        expect(
          stored.rejected.map(({ line, reason, amount }) => ({ line, reason, amount })),
        ).toEqual(expected.map(({ line, reason, amount }) => ({ line, reason, amount })));
        expected.forEach((row, index) => {
          expect(stored.rejected[index]?.file).toContain(bad.file ?? "part_0_0001.csv");
          if (row.text !== undefined) expect(stored.rejected[index]?.text).toContain(row.text);
        });
      }
      const beside = want.beside ?? {};
      for (const [name, holds] of Object.entries(beside)) {
        expect(events.filter((event) => event.unit === name)).toMatchObject([
          { outcome: "loaded", rejected: 0 },
        ]);
        expect(await holdsOf(name)).toEqual({ ...holds, rejected: [] });
      }
      // What did not load leaves what was loaded before as it was.
      if (kept && beside[usual] === undefined) expect(await holdsOf(usual)).toEqual(EARLIER);
    });
  }
});
