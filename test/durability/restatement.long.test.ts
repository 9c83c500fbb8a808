import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { homePaths } from "../../data/files.ts";
import { toUnits } from "../../data/money.ts";
import { readList } from "../../data/published.ts";
import type { MonthTruth, SampleTruth } from "../../data/sample/truth.ts";
import { writeSample } from "../../data/sample/write.ts";
import { openReadOnly } from "../../data/warehouse.ts";
import {
  AUGUST,
  command,
  exportJuly,
  FOCUS_UNIT,
  JULY,
  keepRun,
  ledgerOf,
  published,
  statementOf,
  totalOf,
  truthOf,
} from "./company.ts";
import { readyCompany, serveHome } from "./ready.ts";

const { fresh, path } = readyCompany("restated");

interface Change {
  cause: string;
  currency: string;
  was: string;
  now: string;
  was_billed: string;
  now_billed: string;
}

/** The rows of what changed in a month, as its published file holds them. */
async function changesOf(folder: string, month: string): Promise<Change[]> {
  const paths = homePaths(folder);
  const file = (await readList(paths)).months.find((entry) => entry.month === month)?.file ?? "";
  const engine = await openReadOnly([{ name: "m", path: join(paths.published, file) }], {});
  try {
    const session = await engine.session();
    return await session.rows<Change>("SELECT * FROM m.main.restatement");
  } finally {
    engine.close();
  }
}

function sums(changes: readonly Change[], currency: string): { effective: bigint; billed: bigint } {
  const own = changes.filter((change) => change.currency === currency);
  return {
    effective: own.reduce((sum, row) => sum + toUnits(row.now) - toUnits(row.was), 0n),
    billed: own.reduce((sum, row) => sum + toUnits(row.now_billed) - toUnits(row.was_billed), 0n),
  };
}

async function ask(folder: string, path: string): Promise<{ status: number; body: unknown }> {
  const server = await serveHome(folder);
  try {
    const answer = await fetch(`${server.address}${path}`);
    return { status: answer.status, body: await answer.json() };
  } finally {
    await server.close();
  }
}

interface Reconciled {
  restatements: { cause: string; currency: string; change: string; was: string; now: string }[];
}

describe("the sample company's restated July", () => {
  let home: string;
  let truth: SampleTruth;
  const find = (list: readonly MonthTruth[], month: string, currency: string) =>
    list.find((entry) => entry.month === month && entry.currency === currency) as MonthTruth;

  beforeAll(async () => {
    home = path("northwind");
    await writeSample(home, { days: 33, restate: false });
    const { code, err } = await command(home, "run");
    if (code !== 0) throw new Error(err);
  });

  it("equals the truth before, and after to the last digit, owner by owner", async () => {
    const before = await published(home);
    truth = (await writeSample(home, { days: 33, restate: true })).truth;
    expect(truth.restated.map((month) => `${month.month} ${month.currency}`)).toEqual([
      "2026-07 EUR",
    ]);
    expect(before.get(JULY)).toEqual(
      statementOf([...truth.restated, find(truth.months, JULY, "USD")]),
    );
    const { code } = await command(home, "run");
    expect(code).toBe(0);
    const after = await published(home);
    expect(after.get(JULY)).not.toEqual(before.get(JULY));
    for (const month of [JULY, AUGUST])
      expect(after.get(month)).toEqual(
        statementOf(truth.months.filter((entry) => entry.month === month)),
      );
  });

  it("says what changed: rows that add up to the difference, per currency, cause import", async () => {
    const now = find(truth.months, JULY, "EUR");
    const was = find(truth.restated, JULY, "EUR");
    const difference = toUnits(now.effective) - toUnits(was.effective);
    expect(difference).not.toBe(0n);
    const changes = await changesOf(home, JULY);
    expect(sums(changes, "EUR")).toEqual({
      effective: difference,
      billed: toUnits(now.billed) - toUnits(was.billed),
    });
    expect(changes.filter((change) => change.currency !== "EUR")).toEqual([]);
    expect(new Set(changes.map((change) => change.cause))).toEqual(new Set(["import"]));
    expect(await changesOf(home, AUGUST)).toEqual([]);
    const { status, body } = await ask(home, "/api/v1/reconciliation?month=2026-07");
    expect(status).toBe(200);
    const { restatements } = body as Reconciled;
    expect(restatements).toHaveLength(changes.length);
    expect(restatements.reduce((sum, row) => sum + toUnits(row.change), 0n)).toBe(difference);
  });

  it("lists the run that is loaded now", async () => {
    const { out } = await command(home, "sources", "--format", "json");
    const runs = truth.runs.filter(
      (run) => run.export.endsWith("focus-daily") && run.month === JULY,
    );
    const [old, current] = [true, false].map(
      (superseded) => runs.find((run) => run.superseded === superseded)?.runId ?? "none",
    );
    expect(out).toContain(current);
    expect(out).not.toContain(old);
  });

  it("gives a change of the rules as the cause of moves that cancel out", async () => {
    const before = (await changesOf(home, JULY)).length;
    const was = await published(home);
    const file = join(home, "owners.yaml");
    const owners = await readFile(file, "utf8");
    await writeFile(
      file,
      owners.replace(
        /^rules:\n/m,
        'rules:\n  - { team: pricing, match: { resourceGroup: "MC_*" } }\n',
      ),
    );
    expect((await command(home, "build")).code).toBe(0);
    const now = await published(home);
    for (const month of [JULY, AUGUST]) {
      const changes = await changesOf(home, month);
      const own = changes.filter((change) => change.cause === "rules");
      expect(own.length).toBeGreaterThan(1);
      expect(sums(own, "EUR")).toEqual({ effective: 0n, billed: 0n });
      expect(now.get(month)).not.toEqual(was.get(month));
      expect(totalOf(now.get(month) ?? [], "EUR")).toBe(totalOf(was.get(month) ?? [], "EUR"));
      // What changed before is still there.
      expect(changes.length - own.length).toBe(month === JULY ? before : 0);
    }
  });
});

describe("runs of one export", () => {
  it("takes the newest, and refuses an older one that comes late", async () => {
    const company = await fresh();
    const late = await exportJuly(company, "b", 3);
    expect((await command(company.folder, "run")).code).toBe(0);
    const before = await readList(homePaths(company.folder));
    expect((await published(company.folder)).get(JULY)).toEqual(truthOf(company, JULY, "b"));
    await keepRun(company, await exportJuly(company, "a", 2));
    const { code, units } = await command(company.folder, "run");
    expect(code).toBe(0);
    const told = units.find((unit) => unit.unit === FOCUS_UNIT);
    expect(told).toMatchObject({ outcome: "older", code: null });
    expect(told?.problem).toContain("2026-08-10T00:03");
    expect(await readList(homePaths(company.folder))).toEqual(before);
    expect((await ledgerOf(company.folder)).find((unit) => unit.unit === FOCUS_UNIT)?.run).toBe(
      late,
    );
  });

  it("empties a month whose export became empty, and fills it again", async () => {
    const company = await fresh();
    const folder = join(company.folder, "exports/sandbox/usage-daily/20260801-20260831");
    const [run = ""] = await readdir(folder);
    const file = join(folder, run, "manifest.json");
    const text = await readFile(file, "utf8");
    const total = totalOf(truthOf(company, AUGUST, "a"), "USD");
    expect(total).toBeGreaterThan(0n);
    const empty = JSON.parse(text) as Record<string, unknown> & { runInfo: Record<string, string> };
    Object.assign(empty, { byteCount: 0, blobCount: 0, dataRowCount: 0, blobs: [] });
    empty.runInfo["submittedTime"] = "2026-09-04T02:07:33.0000000Z";
    await writeFile(file, JSON.stringify(empty));
    expect((await command(company.folder, "run")).code).toBe(0);
    expect((await published(company.folder)).get(AUGUST)).toEqual([]);
    expect(sums(await changesOf(company.folder, AUGUST), "USD").effective).toBe(-total);
    expect((await command(company.folder, "check")).code).toBe(0);
    const { status, body } = await ask(company.folder, "/api/v1/showback?month=2026-08");
    expect(status).toBe(200);
    const { data, meta } = body as { data: { cost: string }[]; meta: { total: string } };
    expect(toUnits(meta.total)).toBe(0n);
    // Who had cost in July is listed beside it.
    expect(data.map((row) => toUnits(row.cost)).filter((cost) => cost !== 0n)).toEqual([]);

    await writeFile(file, text.replace("2026-09-03T02:07:33", "2026-09-05T02:07:33"));
    await command(company.folder, "run");
    // The manifest of the sample names its month's last day.
    expect((await published(company.folder)).get(AUGUST)).toEqual(truthOf(company, AUGUST, "a"));
    expect(sums(await changesOf(company.folder, AUGUST), "USD")).toEqual({
      effective: 0n,
      billed: 0n,
    });
  });

  it("drops the cost of a source that is configured no more, and takes it back", async () => {
    const company = await fresh();
    const config = join(company.folder, "apportion.yaml");
    const text = (one: boolean) =>
      `home: .\ncurrency: EUR\nowners: ./owners.yaml\nsources:\n` +
      `  - { type: azure-exports, name: billing, location: { directory: ./exports/finops } }\n` +
      `  - { type: azure-exports, name: harbour, location: { directory: ./exports/harbour } }\n` +
      (one
        ? ""
        : `  - { type: azure-exports, name: sandbox, location: { directory: ./exports/sandbox } }\n`);
    for (const name of ["work.duckdb", "published", "lines", "landing"])
      await rm(join(company.folder, name), { recursive: true, force: true });
    await writeFile(config, text(false));
    expect((await command(company.folder, "run")).code).toBe(0);
    const all = await published(company.folder);
    expect(all.get(JULY)).toEqual(truthOf(company, JULY, "a"));
    await writeFile(config, text(true));
    expect((await command(company.folder, "run")).code).toBe(0);
    const rest = await published(company.folder);
    expect([...rest.keys()]).toEqual([JULY]);
    expect(rest.get(JULY)).toEqual(
      truthOf(company, JULY, "a").filter((line) => line.startsWith("EUR")),
    );
    expect((await command(company.folder, "sources")).out).not.toContain("sandbox");
    await writeFile(config, text(false));
    expect((await command(company.folder, "run")).code).toBe(0);
    expect(await published(company.folder)).toEqual(all);
  });
});
