import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { toUnits } from "../../data/money.ts";
import { billText, type Line } from "../bill-with.ts";
import { command } from "../durability/company.ts";

/** A company of three teams with one bill, small enough to close a month in a second. */

export const MONTH = "2026-08";

const OWNERS = `teams:
  - { id: claims, name: Claims, businessUnit: Retail, costCenter: CC-1 }
  - { id: data, name: Data, businessUnit: "=Technology, EMEA", costCenter: CC-2 }
rules:
  - { team: claims, match: { resourceGroup: rg-claims } }
  - { team: data, match: { resourceGroup: rg-data } }
`;

const resource = (group: string, name: string) => ({
  ResourceId: `/subscriptions/s/resourceGroups/${group}/providers/Microsoft.Compute/disks/${name}`,
  ResourceName: name,
  x_ResourceGroupName: group,
});

export const LINES: readonly Line[] = [
  { ...resource("rg-claims", "a"), BilledCost: "10.000000000000000001" },
  { ...resource("rg-claims", "b"), BilledCost: "0.1", ServiceName: "Virtual Machines" },
  { ...resource("rg-claims", "b"), BilledCost: "0.1", ServiceName: "Virtual Machines" },
  { ...resource("rg-data", "c"), BilledCost: "99.99", BillingCurrency: "USD" },
  { ...resource("rg-data", "d"), BilledCost: "-3.3" },
  { ...resource("rg-other", "e"), BilledCost: "7.77" },
];

/** The same month as Azure says it later: one line other, one gone, one new, one twin gone. */
export const RESTATED: readonly Line[] = [
  { ...resource("rg-claims", "a"), BilledCost: "10.000000000000000003" },
  { ...resource("rg-claims", "b"), BilledCost: "0.1", ServiceName: "Virtual Machines" },
  { ...resource("rg-data", "c"), BilledCost: "99.99", BillingCurrency: "USD" },
  { ...resource("rg-data", "f"), BilledCost: "1.25", ChargeDescription: "Correction, =1+1" },
  { ...resource("rg-other", "e"), BilledCost: "7.77" },
];

/** Makes the company's folder: configuration, owners, bill; nothing is run yet. */
export async function makeBooks(folder: string, more = ""): Promise<string> {
  await mkdir(join(folder, "bill"), { recursive: true });
  await writeFile(join(folder, "owners.yaml"), OWNERS);
  await writeFile(
    join(folder, "apportion.yaml"),
    `home: ./home\ncurrency: EUR\nowners: ./owners.yaml\nsources:\n  - { type: focus, name: bill, files: "./bill/*.csv" }\n${more}`,
  );
  await writeBill(folder, LINES);
  return folder;
}

let written = 0;

/** Writes the bill; each later one is a minute younger, all long before the tests' now. */
export async function writeBill(folder: string, lines: readonly Line[]): Promise<void> {
  const path = join(folder, "bill/2026-08.csv");
  await writeFile(path, billText(lines));
  const at = new Date(Date.UTC(2026, 8, 5, 0, written++));
  await utimes(path, at, at);
}

/** Runs a command that must end well; gives what it printed. */
export async function run(
  folder: string,
  name: string,
  ...args: readonly string[]
): Promise<string> {
  const { code, out, err } = await command(folder, name, ...args);
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${err}`);
  return out;
}

/** A CSV's records by column. */
export function csvRows(text: string | Buffer): Record<string, string>[] {
  return parse(text, { columns: true }) as Record<string, string>[];
}

/** Σ of a column in one currency, in units of 10^-18. */
export function sumOf(
  rows: readonly Record<string, string>[],
  column: string,
  currency: string,
): bigint {
  return rows
    .filter((row) => row["BillingCurrency"] === currency)
    .reduce((sum, row) => sum + toUnits(row[column] ?? ""), 0n);
}
