import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { toUnits } from "../../data/money.ts";
import type { SampleTruth } from "../../data/sample/truth.ts";
import { demoHome } from "../demo-home.ts";
import { cli } from "../home.ts";

const demo = await demoHome();
const truth = JSON.parse(readFileSync(join(demo.home, "truth.json"), "utf8")) as SampleTruth;

/** A CSV without quoted line ends, as the statement is. */
async function statement(month: string, ...more: string[]): Promise<Record<string, string>[]> {
  const { code, out, err } = await cli([
    "export",
    "statement",
    "--month",
    month,
    "--config",
    demo.config,
    ...more,
  ]);
  expect(err).toBe("");
  expect(code).toBe(0);
  const [header = "", ...lines] = out.trimEnd().split("\r\n");
  const names = header.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    expect(cells).toHaveLength(names.length);
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""]));
  });
}

describe("demo, then export statement", () => {
  it("says its months last, and progress before", () => {
    expect(demo.out.trimEnd().split("\n").at(-1)).toBe("months: 2026-07 2026-08");
    expect(demo.err).toMatch(/1\/3 .*\n2\/3 .*\n3\/3 /s);
  });

  for (const month of truth.months)
    it(`equals the generator's truth to the last digit, ${month.month} ${month.currency}`, async () => {
      const rows = (await statement(month.month)).filter(
        (row) => row["BillingCurrency"] === month.currency,
      );
      const key = (team: string, unit: string, center: string) => `${team}|${unit}|${center}`;
      const found = new Map(
        rows.map((row) => [
          key(row["Team"] ?? "", row["BusinessUnit"] ?? "", row["CostCenter"] ?? ""),
          row,
        ]),
      );
      expect(found.size).toBe(rows.length);
      expect([...found.keys()].toSorted()).toEqual(
        month.owners
          .map((owner) => key(owner.team, owner.businessUnit ?? "", owner.costCenter ?? ""))
          .toSorted(),
      );
      for (const owner of month.owners) {
        const row = found.get(key(owner.team, owner.businessUnit ?? "", owner.costCenter ?? ""));
        expect(toUnits(row?.["BilledCost"] ?? ""), owner.team).toBe(toUnits(owner.billed));
        expect(toUnits(row?.["EffectiveCost"] ?? ""), owner.team).toBe(toUnits(owner.effective));
        expect(
          toUnits(row?.["DirectCost"] ?? "") +
            toUnits(row?.["SharedCost"] ?? "") +
            toUnits(row?.["IdleCost"] ?? ""),
        ).toBe(toUnits(owner.effective));
      }
      const sum = rows.reduce((total, row) => total + toUnits(row["EffectiveCost"] ?? ""), 0n);
      expect(sum).toBe(toUnits(month.effective));
    });

  it("lists rows in byte order of currency, business unit and team", async () => {
    const rows = await statement("2026-08");
    const keys = rows.map((row) =>
      Buffer.from(`${row["BillingCurrency"]}\u0000${row["BusinessUnit"]}\u0000${row["Team"]}`),
    );
    expect(keys.toSorted(Buffer.compare)).toEqual(keys);
  });

  it("cuts to one team with --team and refuses a team without cost", async () => {
    const rows = await statement("2026-08", "--team", "claims");
    expect([...new Set(rows.map((row) => row["Team"]))]).toEqual(["claims"]);
    const missing = await cli([
      "export",
      "statement",
      "--month",
      "2026-08",
      "--team",
      "nobody",
      "--config",
      demo.config,
    ]);
    expect(missing.code).toBe(2);
    expect(missing.err).toMatch(/team "nobody" has no cost in 2026-08/);
  });

  it("passes every check", async () => {
    const { code, out } = await cli(["check", "--format", "json", "--config", demo.config]);
    const report = JSON.parse(out) as { ok: boolean; data: { name: string; ok: boolean }[] };
    expect(code).toBe(0);
    expect(report.ok).toBe(true);
    expect(new Set(report.data.map((check) => check.name))).toContain("attributed-equals-imported");
  });
});
