import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FOCUS_COLUMNS } from "../../../data/sample/columns.ts";
import {
  type MonthTruth,
  type SampleResult,
  type Sums,
  writeSample,
} from "../../../data/sample/write.ts";
import { eachRow, filesUnder, type Manifest, manifests } from "./read.ts";
import { Rules } from "./rules.ts";
import { addUp, type Book, Total } from "./sum.ts";

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "apportion-sample-"));
  folders.push(made);
  return made;
}

function hashes(home: string): Map<string, string> {
  return new Map(
    filesUnder(home).map((path) => [
      relative(home, path),
      createHash("sha256").update(readFileSync(path)).digest("hex"),
    ]),
  );
}

/** Only the newest run of each export and month counts. */
function newest(all: readonly Manifest[]): Manifest[] {
  const runs = new Map<string, Manifest>();
  for (const run of all.toSorted((a, b) =>
    a.runInfo.submittedTime < b.runInfo.submittedTime ? -1 : 1,
  )) {
    runs.set(
      `${run.deliveryConfig.rootFolderPath}/${run.exportConfig.exportName} ${run.runInfo.startDate}`,
      run,
    );
  }
  return [...runs.values()];
}

function decimal(text: string): bigint {
  return BigInt(text.replace(".", ""));
}

function totalOf(sums: Sums): Total {
  const { lines, listNulls, contractedNulls } = sums;
  return Object.assign(new Total(), {
    lines,
    billed: decimal(sums.billed),
    effective: decimal(sums.effective),
    list: decimal(sums.list),
    contracted: decimal(sums.contracted),
    listNulls,
    contractedNulls,
  });
}

function bookOf(months: readonly MonthTruth[]): Book {
  return new Map(
    months.map((month) => [
      `${month.month} ${month.currency}`,
      new Map([
        ["total", totalOf(month)] as const,
        ...month.owners.map(
          (row) =>
            [
              `owner ${JSON.stringify([row.team, row.businessUnit, row.costCenter])}`,
              totalOf(row),
            ] as const,
        ),
        ...month.services.map((row) => [`service ${row.key}`, totalOf(row)] as const),
        ...month.environments.map((row) => [`environment ${row.key}`, totalOf(row)] as const),
        ...month.days.map((row) => [`day ${row.key}`, totalOf(row)] as const),
      ]),
    ]),
  );
}

afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

describe("the sample company", () => {
  const home = folder();
  const exports = join(home, "exports");
  let result: SampleResult;
  let all: Manifest[];

  beforeAll(async () => {
    result = await writeSample(home);
    all = manifests(exports);
  }, 60_000);

  it("knows what its own files add up to, by owner, service, environment and day", () => {
    const rules = new Rules(readFileSync(join(home, "owners.yaml"), "utf8"));
    expect(addUp(exports, newest(all), rules)).toEqual(bookOf(result.truth.months));
  }, 60_000);

  it("keeps what July was before its restatement", () => {
    const rules = new Rules(readFileSync(join(home, "owners.yaml"), "utf8"));
    const july = all.filter(
      (run) => run.runInfo.startDate.startsWith("2026-07") && run.exportConfig.type !== "Usage",
    );
    const focus = july
      .filter((run) => run.exportConfig.type === "FocusCost")
      .toSorted((a, b) => (a.runInfo.submittedTime < b.runInfo.submittedTime ? -1 : 1));
    expect(focus.map((run) => run.deliveryConfig.dataOverwriteBehavior)).toEqual([
      "CreateNewReport",
      "CreateNewReport",
    ]);
    const before = addUp(
      exports,
      july.filter((run) => run !== focus[1]),
      rules,
    );
    expect(before).toEqual(bookOf(result.truth.restated));
    expect(before.get("2026-07 EUR")?.get("total")).not.toEqual(
      bookOf(result.truth.months).get("2026-07 EUR")?.get("total"),
    );
  }, 60_000);

  it("promises in its manifests what is there", () => {
    for (const run of all) {
      const rows = run.blobs.reduce((sum, blob) => sum + blob.dataRowCount, 0);
      const bytes = run.blobs.reduce((sum, blob) => sum + blob.byteCount, 0);
      expect([run.blobCount, run.dataRowCount, run.byteCount]).toEqual([
        run.blobs.length,
        rows,
        bytes,
      ]);
      expect(run.runInfo.submittedTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
      for (const blob of run.blobs)
        expect(statSync(join(exports, blob.blobName)).size).toBe(blob.byteCount);
      const truth = result.truth.runs.find((known) => known.runId === run.runInfo.runId);
      expect([truth?.rows, truth?.bytes, truth?.type]).toEqual([
        rows,
        bytes,
        run.exportConfig.type,
      ]);
    }
    expect(all).toHaveLength(result.truth.runs.length);
    for (const blob of all.flatMap((run) =>
      run.exportConfig.type === "FocusCost" ? run.blobs.slice(-1) : run.blobs,
    )) {
      let rows = -1;
      eachRow(join(exports, blob.blobName), () => rows++);
      expect(rows).toBe(blob.dataRowCount);
    }
  });

  it("is as large and as odd as it should be", () => {
    expect(result.months).toEqual(["2026-07", "2026-08"]);
    const lines = result.truth.months.reduce((sum, month) => sum + month.lines, 0);
    expect(lines).toBeGreaterThan(85_000);
    expect(lines).toBeLessThan(100_000);
    expect(FOCUS_COLUMNS).toHaveLength(105);
    const august = all.find(
      (run) => run.exportConfig.type === "FocusCost" && run.runInfo.startDate.startsWith("2026-08"),
    );
    expect(august?.blobs.length).toBeGreaterThan(1);
    const seen = { exponents: 0, long: 0, twins: 0, negative: 0, upper: 0, lower: 0, mixed: 0 };
    const rows = new Set<string>();
    for (const blob of august?.blobs ?? []) {
      let header = true;
      eachRow(join(exports, blob.blobName), (cells) => {
        if (header) {
          expect(cells).toEqual(FOCUS_COLUMNS);
          header = false;
          return;
        }
        const billed = cells[0] ?? "";
        const id = cells[FOCUS_COLUMNS.indexOf("ResourceId")] ?? "";
        if (billed.includes("E-")) seen.exponents++;
        if (billed.replace(/^[^.]*\.?/, "").length === 28) seen.long++;
        if (billed.startsWith("-")) seen.negative++;
        if (id !== "")
          seen[id === id.toUpperCase() ? "upper" : id === id.toLowerCase() ? "lower" : "mixed"]++;
        const digest = cells.join("\n");
        if (rows.has(digest)) seen.twins++;
        rows.add(digest);
      });
    }
    expect(
      Object.values(seen).every((count) => count > 0),
      JSON.stringify(seen),
    ).toBe(true);
  }, 60_000);

  it("moves the documents team's things to the portal on a day", () => {
    const documents = result.truth.months.flatMap((month) =>
      month.owners
        .filter((row) => row.team === "documents")
        .map((row) => `${month.month} ${row.businessUnit}`),
    );
    expect(documents).toEqual(["2026-07 Claims & Service", "2026-08 Claims & Service"]);
    const fraud = result.truth.months
      .filter((month) => month.currency === "EUR")
      .map((month) =>
        month.owners.filter((row) => row.team === "fraud").map((row) => row.costCenter),
      );
    expect(fraud).toEqual([["CC-1140", "CC-3140"], ["CC-1140"]]);
  });
});

describe("writing it again", () => {
  it("gives the same bytes, in one go or before and after the restatement", async () => {
    const [one, two] = [folder(), folder()];
    const first = await writeSample(two, { days: 33, restate: false });
    expect(first.truth.restated).toEqual([]);
    const early = hashes(join(two, "exports"));
    const whole = await writeSample(one, { days: 33 });
    await writeSample(two, { days: 33 });
    expect(
      first.truth.months.find((month) => month.month === "2026-07" && month.currency === "EUR"),
    ).toEqual(whole.truth.restated[0]);
    const late = hashes(one);
    expect(hashes(two)).toEqual(late);
    for (const [name, hash] of early) expect(late.get(join("exports", name))).toBe(hash);
    expect(whole.truth.from).toBe("2026-07-30");
  }, 60_000);

  it("refuses a span that is none", async () => {
    await expect(writeSample(folder(), { days: 0 })).rejects.toThrow(/days must be/);
  });
});
