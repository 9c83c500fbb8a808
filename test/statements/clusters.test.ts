import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromUnits, toUnits } from "../../data/money.ts";
import { clusterHome, rebuild } from "../cluster-home.ts";
import { csvRows, MONTH, run } from "./books.ts";

/** What a restatement changes where lines are divided among a cluster's teams. */

const MORE = "months: {}\n";
const COLUMNS = ["EffectiveCost", "BilledCost", "ListCost"] as const;
type Rows = Record<string, string>[];

let made: Awaited<ReturnType<typeof clusterHome>>;
let first: Buffer;
const files: Record<string, Rows> = {};
const file = (name: string) => join(made.folder, "home/statements", MONTH, name);

/** Σ of a column over rows, by a key of each, without the keys whose sum is nothing. */
function sums(rows: Rows, column: string, key: (row: Record<string, string>) => string) {
  const by = new Map<string, bigint>();
  for (const row of rows)
    by.set(
      key(row),
      (by.get(key(row)) ?? 0n) + toUnits(row[column] === "" ? "0" : (row[column] ?? "0")),
    );
  return by;
}
function difference(column: string, key: (row: Record<string, string>) => string) {
  const was = sums(files["1.csv"] as Rows, column, key);
  const now = sums(files["2.csv"] as Rows, column, key);
  return new Map(
    [...new Set([...was.keys(), ...now.keys()])]
      .map((name) => [name, (now.get(name) ?? 0n) - (was.get(name) ?? 0n)] as const)
      .filter(([, change]) => change !== 0n),
  );
}
const shown = (by: Map<string, bigint>) =>
  Object.fromEntries(
    [...by]
      .filter(([, change]) => change !== 0n)
      .map(([name, change]) => [name, fromUnits(change)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

beforeAll(async () => {
  made = await clusterHome({ config: MORE });
  const force = ["--force", "--reason", "a small company's usage is never whole"];
  await run(made.folder, "close", "--month", MONTH, ...force);
  first = await readFile(file("1.csv"));
  // A node's price of other digits, a credit taken back, and another owner of a namespace.
  const bill = join(made.folder, "bill/2026-08.csv");
  const text = await readFile(bill, "utf8");
  const lines = text.split("\n").filter((line) => !line.includes("Correction of compute"));
  const other = lines.map((line) =>
    line.includes("aks-apps-1-vmss_1") ? line.replace(/"(\d+)\.3/, '"$1.9000000000000000') : line,
  );
  expect(other).not.toEqual(lines);
  await writeFile(bill, other.join("\n"));
  const owners = await readFile(join(made.folder, "owners.yaml"), "utf8");
  await writeFile(
    join(made.folder, "owners.yaml"),
    owners.replace("team: data, from: 2026-08-02", "team: platform, from: 2026-08-03"),
  );
  await rebuild(made, { config: MORE });
  await run(made.folder, "close", "--month", MONTH, ...force);
  for (const name of ["1.csv", "2.csv", "2.diff.csv", "2.diff-lines.csv"])
    files[name] = csvRows(await readFile(file(name)));
});
afterAll(async () => rm(made.folder, { recursive: true, force: true }));

describe("the diff of a month with shares of clusters", () => {
  it("is there: shares of namespaces, redistributed cost and sentinels changed", () => {
    const rows = files["2.diff.csv"] as Rows;
    expect(new Set(rows.map((row) => row["Cluster"]))).toContain("prod");
    expect(new Set(rows.map((row) => row["Bucket"])).size).toBeGreaterThan(3);
    expect(new Set(rows.map((row) => row["Team"])).size).toBeGreaterThan(3);
  });

  it.each(COLUMNS)(
    "adds up to the difference to the last digit, in all and by team: %s",
    (column) => {
      const total = (row: Record<string, string>) => row["BillingCurrency"] ?? "";
      const team = (row: Record<string, string>) => `${row["BillingCurrency"]} ${row["Team"]}`;
      const entries = files["2.diff.csv"] as Rows;
      expect(difference(column, team).size).toBeGreaterThan(column === "ListCost" ? 0 : 3);
      for (const key of [total, team])
        expect(shown(sums(entries, `${column}Change`, key))).toEqual(
          shown(difference(column, key)),
        );
      expect(shown(sums(files["2.diff-lines.csv"] as Rows, `${column}Change`, total))).toEqual(
        shown(difference(column, total)),
      );
    },
  );

  it("left the first statement as it was", async () => {
    expect(await readFile(file("1.csv"))).toEqual(first);
  });
});
