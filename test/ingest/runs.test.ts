import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withFolder, writeTree } from "../home.ts";
import { type Cells, csv, exportRun, part, runId } from "./bill.ts";
import { ACCOUNT } from "./shape-bills.ts";
import { ledger, published, publish, stored, take } from "./taken.ts";

/** Where exports lie, which run of them counts, and what an empty one means. */

const COLUMNS = [
  "BilledCost",
  "EffectiveCost",
  "BillingCurrency",
  "BillingPeriodStart",
  "ChargePeriodStart",
  "ChargeCategory",
  "ServiceName",
  "SubAccountId",
];
const line = (amount: string, month = "2026-08", more: Cells = {}): Cells => ({
  BilledCost: amount,
  EffectiveCost: amount,
  BillingCurrency: "EUR",
  BillingPeriodStart: `${month}-01T00:00:00Z`,
  ChargePeriodStart: `${month}-03T00:00:00Z`,
  ChargeCategory: "Usage",
  ServiceName: "Storage",
  SubAccountId: ACCOUNT,
  ...more,
});
const one = (name: string, ...amounts: string[]) =>
  part(
    name,
    COLUMNS,
    amounts.map((amount) => line(amount)),
  );
const run = (n: number, submitted: string, ...amounts: string[]) =>
  exportRun({
    name: "daily",
    type: "FocusCost",
    month: "2026-08",
    run: runId(n),
    submitted,
    overwrites: false,
    parts: amounts.length === 0 ? [] : [one("part_0_0001.csv", ...amounts)],
  });
const put = (folder: string, files: Record<string, string | Uint8Array>) =>
  writeTree(join(folder, "exports"), files);
const amounts = async (folder: string) =>
  (await stored(folder, "billed_cost", "ORDER BY billed_cost")).map((row) =>
    Number(row["billed_cost"]),
  );

describe("the current layout", () => {
  it("CreateNewReport: of three runs the newest submittedTime counts, whatever its folder", () =>
    withFolder(async (folder) => {
      await put(folder, {
        ...run(2, "2026-08-11T06:00:00", "2", "3"),
        ...run(9, "2026-08-10T06:00:00", "1"),
        ...run(5, "2026-08-11T05:59:59", "7"),
      });
      const taken = await take(folder);
      expect(taken.events).toMatchObject([
        { unit: "daily FocusCost 2026-08", outcome: "loaded", rows: 2 },
      ]);
      expect(await amounts(folder)).toEqual([2, 3]);
    }));

  it("a later run replaces the month; an older one met later does not", () =>
    withFolder(async (folder) => {
      await put(folder, run(1, "2026-08-10T06:00:00", "1"));
      await take(folder);
      await put(folder, run(2, "2026-08-11T06:00:00", "10", "20"));
      expect((await take(folder)).events).toMatchObject([{ outcome: "loaded", rows: 2 }]);
      expect(await amounts(folder)).toEqual([10, 20]);
      expect((await take(folder)).events).toMatchObject([{ outcome: "unchanged", rows: 2 }]);
      expect(await ledger(folder, "SELECT run FROM unit_run ORDER BY loaded_at, run")).toHaveLength(
        2,
      );
      // The newer one is deleted: what is loaded is still newer than what is left.
      await rm(join(folder, `exports/finops/daily/20260801-20260831/${runId(2)}`), {
        recursive: true,
      });
      expect((await take(folder)).events).toMatchObject([{ outcome: "older", rows: 2 }]);
      expect(await amounts(folder)).toEqual([10, 20]);
    }));

  it("partitions are one unit, each with its own header and container", () =>
    withFolder(async (folder) => {
      await put(
        folder,
        exportRun({
          name: "daily",
          type: "FocusCost",
          month: "2026-08",
          run: runId(1),
          submitted: "2026-08-11T06:00:00",
          parts: [one("part_0_0001.csv", "1"), one("part_1_0001.csv.gz", "2", "2")],
        }),
      );
      expect((await take(folder)).events).toMatchObject([{ outcome: "loaded", rows: 3 }]);
      expect(await amounts(folder)).toEqual([1, 2, 2]);
    }));

  it("_manifest.json, no date folder, and part names with the container's in front", () =>
    withFolder(async (folder) => {
      const files = exportRun({
        name: "daily",
        type: "FocusCost",
        month: "2026-08",
        run: runId(1),
        submitted: "2026-08-11T06:00:00",
        manifestName: "_manifest.json",
        parts: [one("part0.csv", "4")],
        change(manifest) {
          const [blob] = manifest["blobs"] as { blobName: string }[];
          if (blob !== undefined) blob.blobName = `exports-container/sample/${runId(1)}/part0.csv`;
        },
      });
      const moved = Object.fromEntries(
        Object.entries(files).map(([name, content]) => [
          `sample/${runId(1)}/${name.split("/").at(-1)}`,
          content,
        ]),
      );
      await put(folder, moved);
      expect((await take(folder)).events).toMatchObject([{ outcome: "loaded", rows: 1 }]);
      expect(await amounts(folder)).toEqual([4]);
    }));

  it("a run's folder without its manifest is a run that Azure is still writing", () =>
    withFolder(async (folder) => {
      await put(folder, run(1, "2026-08-10T06:00:00", "1"));
      await put(folder, {
        [`finops/daily/20260801-20260831/${runId(2)}/part_0_0001.csv`]: csv(COLUMNS, [line("99")]),
      });
      expect((await take(folder)).events).toMatchObject([{ outcome: "loaded", rows: 1 }]);
      expect(await amounts(folder)).toEqual([1]);
    }));

  it("an export's month is the manifest's, whatever a row's own period says", () =>
    withFolder(async (folder) => {
      await put(
        folder,
        exportRun({
          name: "daily",
          type: "FocusCost",
          month: "2026-08",
          run: runId(1),
          submitted: "2026-08-11T06:00:00",
          parts: [part("part_0.csv", COLUMNS, [line("1"), line("2", "2026-07")])],
        }),
      );
      await take(folder);
      expect(await stored(folder, "x_month, x_day", "ORDER BY x_day")).toEqual([
        { x_month: "2026-08", x_day: "2026-07-03" },
        { x_month: "2026-08", x_day: "2026-08-03" },
      ]);
    }));

  it("--since and --until take the months that overlap [since, until)", () =>
    withFolder(async (folder) => {
      for (const [n, month] of ["2026-06", "2026-07", "2026-08"].entries())
        await put(
          folder,
          exportRun({
            name: "daily",
            type: "FocusCost",
            month,
            run: runId(n),
            submitted: "2026-09-01T06:00:00",
            parts: [part("part_0.csv", COLUMNS, [line(String(n + 1), month)])],
          }),
        );
      const months = async (since?: string, until?: string) =>
        (
          await take(folder, {
            ...(since === undefined ? {} : { since }),
            ...(until === undefined ? {} : { until }),
          })
        ).events.map((event) => `${event.unit.slice(-7)} ${event.outcome}`);
      expect(await months("2026-07-31", "2026-08-01")).toEqual(["2026-07 loaded"]);
      expect(await months("2026-08-01")).toEqual(["2026-08 loaded"]);
      expect(await months(undefined, "2026-06-01")).toEqual([]);
      expect(await months(undefined, "2026-06-02")).toEqual(["2026-06 loaded"]);
      expect(await months()).toEqual([
        "2026-06 unchanged",
        "2026-07 unchanged",
        "2026-08 unchanged",
      ]);
    }));
});

describe("the classic layout, without manifests", () => {
  const classic = (n: number, month: string) =>
    `finops/monthly/${month.replace("-", "")}01-${month.replace("-", "")}31/monthly_${runId(n)}.csv`;

  it("<exportName>_<guid>.csv: of two runs in a folder the newer file counts", () =>
    withFolder(async (folder) => {
      await put(folder, {
        [classic(1, "2026-08")]: csv(COLUMNS, [line("1")]),
        [classic(2, "2026-08")]: csv(COLUMNS, [line("2")]),
        [classic(3, "2026-07")]: csv(COLUMNS, [line("3", "2026-07")]),
      });
      const age = (n: number, month: string, time: string) =>
        utimes(join(folder, "exports", classic(n, month)), new Date(time), new Date(time));
      await age(1, "2026-08", "2026-08-20T00:00:00Z");
      await age(2, "2026-08", "2026-08-10T00:00:00Z");
      expect((await take(folder)).events).toMatchObject([
        { unit: "finops/monthly/20260701-20260731/monthly", outcome: "loaded", rows: 1 },
        { unit: "finops/monthly/20260801-20260831/monthly", outcome: "loaded", rows: 1 },
      ]);
      expect(await amounts(folder)).toEqual([1, 3]);
      await age(2, "2026-08", "2026-08-21T00:00:00Z");
      expect((await take(folder)).events.map((event) => event.outcome)).toEqual([
        "unchanged",
        "loaded",
      ]);
      expect(await amounts(folder)).toEqual([2, 3]);
      expect(await stored(folder, "DISTINCT x_month", "ORDER BY ALL")).toEqual([
        { x_month: "2026-07" },
        { x_month: "2026-08" },
      ]);
    }));

  it("partitions of a run, with and without a name in front, are one unit", () =>
    withFolder(async (folder) => {
      await put(folder, {
        [`a/monthly_${runId(1)}_part_0.csv`]: csv(COLUMNS, [line("1")]),
        [`a/monthly_${runId(1)}_part_1.csv`]: csv(COLUMNS, [line("2")]),
        "b/part_0_0001.csv": csv(COLUMNS, [line("3", "2026-07")]),
        "b/part_1_0001.csv": csv(COLUMNS, [line("4", "2026-07")]),
      });
      expect((await take(folder)).events).toMatchObject([
        { unit: "a/monthly", outcome: "loaded", rows: 2 },
        { unit: "b/part", outcome: "loaded", rows: 2 },
      ]);
      expect(await amounts(folder)).toEqual([1, 2, 3, 4]);
    }));
});

describe("an export that says its month is empty", () => {
  const empty = (n: number, submitted: string, change: (m: Record<string, unknown>) => void) =>
    exportRun({
      name: "daily",
      type: "FocusCost",
      month: "2026-08",
      run: runId(n),
      submitted,
      parts: [],
      change,
    });

  for (const [what, change] of [
    ["zero counts", () => {}],
    [
      "null counts",
      (manifest: Record<string, unknown>) => {
        manifest["blobCount"] = null;
        manifest["dataRowCount"] = null;
        manifest["byteCount"] = null;
      },
    ],
    [
      "no counts",
      (manifest: Record<string, unknown>) => {
        delete manifest["blobCount"];
        delete manifest["dataRowCount"];
        delete manifest["byteCount"];
      },
    ],
  ] as const)
    it(`${what}: empties a month that had rows, published too`, () =>
      withFolder(async (folder) => {
        await put(folder, run(1, "2026-08-10T06:00:00", "1", "2"));
        await take(folder);
        await publish(folder);
        expect((await published(folder, "2026-08")).statement).toMatchObject([
          { EffectiveCost: "3" },
        ]);
        await put(folder, empty(2, "2026-08-11T06:00:00", change));
        expect((await take(folder)).events).toMatchObject([
          { unit: "daily FocusCost 2026-08", outcome: "loaded", rows: 0, problem: null },
        ]);
        const built = await publish(folder);
        expect(built.months).toMatchObject([{ month: "2026-08", outcome: "published" }]);
        expect(built.list.months).toMatchObject([{ month: "2026-08", lines: 0, totals: [] }]);
        const after = await published(folder, "2026-08");
        expect(after.lines).toEqual([]);
        expect(after.statement).toEqual([]);
        expect(await stored(folder)).toEqual([]);
        // And it comes back.
        await put(folder, run(3, "2026-08-12T06:00:00", "5"));
        await take(folder);
        await publish(folder);
        expect((await published(folder, "2026-08")).statement).toMatchObject([
          { EffectiveCost: "5" },
        ]);
      }));

  it("a month that was empty from the start is published, empty", () =>
    withFolder(async (folder) => {
      await put(
        folder,
        empty(1, "2026-08-11T06:00:00", () => {}),
      );
      await take(folder);
      const built = await publish(folder);
      expect(built.list.months).toMatchObject([{ month: "2026-08", lines: 0, state: "settled" }]);
      expect(built.months[0]?.checks.filter((check) => !check.ok)).toEqual([]);
    }));

  it("parts named with zero rows each: headers alone are right where they are promised", () =>
    withFolder(async (folder) => {
      await put(
        folder,
        exportRun({
          name: "daily",
          type: "FocusCost",
          month: "2026-08",
          run: runId(1),
          submitted: "2026-08-11T06:00:00",
          parts: [part("part_0.csv", COLUMNS, [])],
        }),
      );
      expect((await take(folder)).events).toMatchObject([{ outcome: "loaded", rows: 0 }]);
    }));

  it("no parts but rows promised is no empty month: refused, the last good load stays", () =>
    withFolder(async (folder) => {
      await put(folder, run(1, "2026-08-10T06:00:00", "1", "2"));
      await take(folder);
      await put(
        folder,
        empty(2, "2026-08-11T06:00:00", (manifest) => (manifest["dataRowCount"] = 5)),
      );
      const taken = await take(folder);
      expect(taken.failed).toBe(1);
      expect(taken.events.find((event) => event.outcome === "failed")?.code).toBe(
        "MANIFEST_INVALID",
      );
      expect(await amounts(folder)).toEqual([1, 2]);
    }));
});
