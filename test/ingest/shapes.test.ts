import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FOCUS_COLUMNS, USAGE_COLUMNS } from "../../data/sample/columns.ts";
import { storedLines } from "../../data/lines.ts";
import { type Engine, openWriter, type Session, sqlText } from "../../data/warehouse.ts";
import { type CostRows, loadCostFiles } from "../../ingest/cost/load.ts";
import { prepareReading } from "../../ingest/cost/read.ts";
import type { Dataset } from "../../ingest/cost/shapes.ts";
import { type Cells, csv, parquet } from "./bill.ts";
import { added, decimal, fine, short, trimmed, units } from "./oracle.ts";
import {
  ACCOUNT,
  C360,
  CASINGS,
  FOCUS_1_0,
  MCA,
  MPA,
  SHAPE_BILLS,
  UNKNOWN,
} from "./shape-bills.ts";
import type { StoredLine } from "./taken.ts";

let folder: string;
let engine: Engine;
let session: Session;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apportion-shapes-"));
  engine = await openWriter(":memory:");
  session = await engine.session();
  await prepareReading(session);
});
afterAll(async () => {
  session.close();
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

interface Read extends CostRows {
  lines: StoredLine[];
}

/** Reads files as one unit, as a source does once they are landed. */
async function read(
  files: Record<string, string | Uint8Array>,
  unit: { dataset?: Dataset | null; month?: string | null; nullText?: string | null } = {},
): Promise<Read> {
  const landed = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const path = join(folder, `${sha256.slice(0, 16)}-${basename(name)}`);
    await writeFile(path, bytes);
    landed.push({ name, path, sha256, bytes: bytes.length });
  }
  const cost = await loadCostFiles(
    {
      source: "test",
      unit: "unit",
      dataset: unit.dataset ?? null,
      month: unit.month ?? null,
      nullText: unit.nullText ?? null,
      promised: landed.map(() => null),
    },
    landed,
    {
      home: folder,
      now: () => new Date(),
      progress() {},
      signal: new AbortController().signal,
      session,
    },
  );
  const paths = cost.parts.map((part) => part.parquet);
  const lines = await session.rows<StoredLine>(
    `SELECT * EXCLUDE (filename, file_row_number) FROM ${storedLines(paths)} ORDER BY abs(coalesce(billed_cost, effective_cost)), charge_description`,
  );
  return { ...cost, lines };
}

describe("one bill in every shape and container", () => {
  for (const bill of SHAPE_BILLS)
    describe(bill.name, () => {
      const typed = (amount: string, time: string) => ({
        ...Object.fromEntries(bill.amounts.map((name) => [name, amount])),
        ...Object.fromEntries(bill.times.map((name) => [name, time])),
      });
      const made = (types: Record<string, string>, format?: string) =>
        parquet(folder, bill.columns, bill.rows, types, format);
      const { dataset } = bill;
      let plain: Read;
      beforeAll(async () => {
        plain = await read({ "part_0.csv": csv(bill.columns, bill.rows) }, { dataset });
      });

      it("is read as a person reads it", () => {
        expect(plain.dataset).toBe(dataset);
        expect(plain.rejected).toEqual([]);
        expect(plain.lines).toHaveLength(5);
        expect(plain.lines[0]).toMatchObject(bill.expected);
        expect(plain.lines.map((line) => line[`extra:${UNKNOWN}`])).toEqual(
          Array(5).fill("kept as written"),
        );
      });

      it("reads the same from files with every column filled, as earlier versions stored them", async () => {
        const filled = join(folder, "filled.parquet");
        const lines = storedLines(plain.parts.map((part) => part.parquet));
        await session.run(
          `COPY (SELECT * EXCLUDE (filename, file_row_number) FROM ${lines}) TO ${sqlText(filled)} (FORMAT parquet)`,
        );
        const again = await session.rows<StoredLine>(
          `SELECT * EXCLUDE (filename, file_row_number) FROM ${storedLines([filled])} ORDER BY abs(coalesce(billed_cost, effective_cost)), charge_description`,
        );
        expect(again).toEqual(plain.lines);
      });

      it("keeps twins, three casings of an id, and what is quoted", () => {
        const measure = dataset === "AmortizedCost" ? "effective_cost" : "billed_cost";
        expect(plain.lines.map((line) => trimmed(line[measure] ?? null))).toEqual([
          "0.0000564902",
          "0.25",
          "0.25",
          "-1.5",
          "1234567.891",
        ]);
        expect(plain.lines[1]).toEqual(plain.lines[2]);
        expect(plain.lines.map((line) => line["resource_id"])).toEqual([
          CASINGS[0],
          CASINGS[1],
          CASINGS[1],
          CASINGS[2],
          CASINGS[0],
        ]);
        const texts = plain.lines.map((line) =>
          line["charge_description"]?.replace("Storage - ", ""),
        );
        expect(texts).toEqual([
          "plain",
          'with "quotes", a comma',
          'with "quotes", a comma',
          "two\nlines",
          "ünïcödé 漢字",
        ]);
        expect(plain.subAccounts).toEqual([{ month: "2026-08", subAccount: ACCOUNT }]);
        const [control] = plain.controls;
        const sum = "1234566.891056490200000000";
        expect(control).toMatchObject({ month: "2026-08", currency: "EUR", rows: 5 });
        expect([control?.billed, control?.effective]).toEqual([
          dataset === "AmortizedCost" ? null : sum,
          dataset === "ActualCost" ? null : sum,
        ]);
      });

      // What is new in a container is new in every shape; how its text is spelled is not.
      const whole = ["FocusCost 1.2-preview", "pay-as-you-go Usage"].includes(bill.name);
      for (const [container, name, content] of [
        ["gzip CSV", "part_0.csv.gz", async () => gzipSync(csv(bill.columns, bill.rows))],
        [
          "Parquet of DECIMAL and TIMESTAMP, snappy",
          "part_0.parquet",
          async () => made(typed("DECIMAL(38,18)", "TIMESTAMP")),
        ],
        [
          "Parquet of DOUBLE and TIMESTAMP with zone, snappy",
          "part_0.parquet",
          async () => made(typed("DOUBLE", "TIMESTAMPTZ")),
        ],
        [
          "CSV without BOM, LF",
          "part_0.csv",
          async () => csv(bill.columns, bill.rows, { bom: false, eol: "\n" }),
        ],
        [
          "gzip CSV of two members",
          "part_0.csv.gz",
          async () => {
            const text = Buffer.from(csv(bill.columns, bill.rows));
            return Buffer.concat([gzipSync(text.subarray(0, 700)), gzipSync(text.subarray(700))]);
          },
        ],
        [
          "reordered columns in capitals",
          "part_0.csv",
          async () =>
            csv(bill.columns.toReversed(), bill.rows, { rename: (column) => column.toUpperCase() }),
        ],
        ["Parquet of text, snappy", "part_0.parquet", async () => made({})],
        [
          "Parquet of DOUBLE and DATE, uncompressed",
          "part_0.parquet",
          async () => made(typed("DOUBLE", "DATE"), "COMPRESSION uncompressed"),
        ],
      ] as const) {
        if (!whole && !/^gzip CSV$|TIMESTAMP/.test(container)) continue;
        it(`is the same from ${container}`, async () => {
          const other = await read({ [name]: await content() }, { dataset });
          expect(other.rejected).toEqual([]);
          expect(other.controls).toEqual(plain.controls);
          expect(other.subAccounts).toEqual(plain.subAccounts);
          const keyed = (lines: StoredLine[]) =>
            lines.map((line) =>
              Object.fromEntries(
                Object.entries(line).map(([key, value]) => [
                  key.startsWith("extra:") ? key.toLowerCase() : key,
                  value,
                ]),
              ),
            );
          expect(keyed(other.lines)).toEqual(keyed(plain.lines));
        });
      }

      it("is recognised without a manifest", async () => {
        const path =
          dataset === "ActualCost"
            ? "actual/bill.csv"
            : dataset === "AmortizedCost"
              ? "Amortised/bill.csv"
              : "bill.csv";
        const other = await read({ [path]: csv(bill.columns, bill.rows) });
        expect(other.dataset).toBe(dataset);
        expect(other.lines).toEqual(plain.lines);
      });
    });

  it("of the column lists each has the length Azure documents", () => {
    expect([FOCUS_1_0, FOCUS_COLUMNS, C360, MCA, MPA, USAGE_COLUMNS].map((l) => l.length)).toEqual([
      96, 105, 55, 65, 70, 24,
    ]);
  });
});

describe("headers", () => {
  const usage = SHAPE_BILLS.find((bill) => bill.dataset === "Usage");
  const rows = usage?.rows ?? [];
  const columns = usage?.columns ?? [];

  it("localised: the English name stands in parentheses", async () => {
    const german: Record<string, string> = {
      ResourceGroup: "Ressourcengruppe (ResourceGroup)",
      PreTaxCost: "Kosten vor Steuern (PreTaxCost)",
      UsageDateTime: "Datum (UsageDateTime)",
      [UNKNOWN]: "Neu (x_NewIn2027)",
    };
    const plain = await read({ "a.csv": csv(columns, rows) });
    const local = await read({
      "b.csv": csv(columns, rows, { rename: (name) => german[name] ?? name }),
    });
    expect(local.controls).toEqual(plain.controls);
    const [line] = local.lines;
    expect(line).toMatchObject({ x_resource_group: "rg-Data", x_day: "2026-08-09" });
    expect(line?.["extra:Neu (x_NewIn2027)"]).toBe("kept as written");
  });

  it("with spaces around and inside names", async () => {
    const plain = await read({ "a.csv": csv(columns, rows) });
    const spaced = await read({
      "b.csv": csv(columns, rows, {
        rename: (name) => ` ${name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")} `,
      }),
    });
    expect(spaced.controls).toEqual(plain.controls);
    expect(spaced.lines.map((line) => line["x_resource_group"])).toEqual(Array(5).fill("rg-Data"));
  });

  it("without a mandatory column: refused, the column named and the header shown", async () => {
    const without = columns.filter((name) => name !== "Currency");
    const cells = rows.map(({ Currency: _, ...row }) => row);
    await expect(read({ "a.csv": csv(without, cells) })).rejects.toMatchObject({
      code: "HEADER_INVALID",
      message: expect.stringMatching(
        /^a\.csv:1: the column Currency is missing; the header is: SubscriptionGuid,ResourceGroup,/,
      ) as string,
    });
  });
});

describe("typed Parquet of other providers", () => {
  it("tags in a map are JSON afterwards, text without its annotation is text", async () => {
    const [row] = SHAPE_BILLS.find((bill) => bill.name.includes("1.2"))?.rows ?? [];
    const cells = [
      { ...row, Tags: "{'team': 'claims', 'n': 'ü'}", ServiceName: "St\\xC3\\xB6r" },
    ] as Cells[];
    const file = await parquet(folder, [...FOCUS_COLUMNS, UNKNOWN], cells, {
      Tags: "MAP(VARCHAR, VARCHAR)",
      ServiceName: "BLOB",
    });
    const { lines } = await read({ "a.parquet": file });
    expect(JSON.parse(lines[0]?.["tags"] ?? "null")).toEqual({ team: "claims", n: "ü" });
    expect(lines[0]?.["service_name"]).toBe("Stör");
  });
});

describe("amounts", () => {
  const columns = [
    "BilledCost",
    "EffectiveCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargePeriodStart",
    "ChargeCategory",
    "ServiceName",
    "Id",
  ];
  const bill = (amounts: readonly string[]) =>
    csv(
      columns,
      amounts.map((amount, n) => ({
        BilledCost: amount,
        EffectiveCost: "0",
        BillingCurrency: "EUR",
        BillingPeriodStart: "2026-08-01",
        ChargePeriodStart: "2026-08-01",
        ChargeCategory: "Usage",
        ServiceName: "S",
        Id: String(n),
      })),
    );
  const digits = (min: number, max: number) =>
    fc
      .array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max })
      .map((list) => list.join(""));
  const exponent = fc.oneof(
    { weight: 2, arbitrary: fc.constant("") },
    fc
      .record({
        letter: fc.constantFrom("e", "E"),
        sign: fc.constantFrom("-", "-0", "+", ""),
        n: fc.integer({ min: 0, max: 4 }),
      })
      .map(({ letter, sign, n }) => `${letter}${sign}${n}`),
    fc.integer({ min: 5, max: 20 }).map((n) => `E-${n}`),
  );
  const sign = fc.constantFrom("", "-");

  /** What is stored is the amount rounded once, half away from zero, and the rest is accounted for. */
  async function exact(amounts: readonly string[]): Promise<void> {
    const { lines, controls, rejected } = await read({ "a.csv": bill(amounts) });
    expect(rejected).toEqual([]);
    const stored = new Map(lines.map((line) => [Number(line["extra:Id"]), line]));
    let sum = 0n;
    let residue = 0n;
    for (const [n, amount] of amounts.entries()) {
      const value = units(amount);
      sum += value;
      residue += fine(amount) - value * 10n ** 42n;
      expect([amount, stored.get(n)?.["billed_cost"]]).toEqual([amount, decimal(value, 18)]);
    }
    expect(controls).toHaveLength(1);
    expect(controls[0]?.rows).toBe(amounts.length);
    expect(controls[0]?.billed).toBe(decimal(sum, 18));
    expect(trimmed(controls[0]?.roundedBilled ?? null)).toBe(short(residue));
    expect(trimmed(controls[0]?.rounded ?? null)).toBe(short(residue));
  }

  it("of up to 15 digits and 18 decimals come through text, Parquet and sum unchanged", async () => {
    const amount = fc
      .record({ sign, whole: digits(1, 15), decimals: digits(0, 18) })
      .map(
        ({ sign: s, whole, decimals }) => `${s}${whole}${decimals === "" ? "" : `.${decimals}`}`,
      );
    await fc.assert(fc.asyncProperty(fc.array(amount, { minLength: 1, maxLength: 150 }), exact), {
      numRuns: 15,
    });
  });

  it("of 28 digits, with exponents too, are rounded once and the residue is exact", async () => {
    const amount = fc
      .record({ sign, whole: digits(1, 9), decimals: digits(1, 19), e: exponent })
      .map((a) => `${a.sign}${a.whole}.${a.decimals}${a.e}`)
      // 36 decimals are kept of a residue; more no provider writes.
      .filter((text) => fine(text) % 10n ** 24n === 0n);
    await fc.assert(fc.asyncProperty(fc.array(amount, { minLength: 1, maxLength: 150 }), exact), {
      numRuns: 15,
    });
  });

  it("at the edges", async () => {
    await exact([
      "0.0000000000000000005",
      "-0.0000000000000000005",
      "0.00000000000000000049999",
      "5E-19",
      "-2.5e-18",
      "1.234567890123456789012345E2",
      "1234567.8901234567890123456E-3",
      "0.2618755954811488071493712087",
      "999999999999999.999999999999999999",
      "-999999999999999.999999999999999999",
      "1E+3",
      "0",
      "-0",
      "-0.5",
      ".5",
      "+7",
      "00012.50",
    ]);
  });

  it("DOUBLE and DECIMAL columns give the shortest text of the number, not its binary tail", async () => {
    const amounts = ["0.1", "1e-7", "5.64902E-05", "123456789.123", "-3.25"];
    const rows = amounts.map((amount, n) => ({
      BilledCost: amount,
      EffectiveCost: amount,
      BillingCurrency: "EUR",
      BillingPeriodStart: "2026-08-01",
      ChargePeriodStart: "2026-08-01",
      ChargeCategory: "Usage",
      ServiceName: "S",
      Id: String(n),
    }));
    const file = await parquet(folder, columns, rows, {
      BilledCost: "DOUBLE",
      EffectiveCost: "DECIMAL(28,10)",
    });
    const { lines, controls } = await read({ "a.parquet": file });
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line["billed_cost"]).toBe(line["effective_cost"]);
    expect(trimmed(controls[0]?.billed ?? null)).toBe(added(...amounts));
  });
});
