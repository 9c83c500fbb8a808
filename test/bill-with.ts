import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect } from "vitest";
import { cli, writeConfig } from "./home.ts";

/** A made-up FOCUS bill of August 2026 from a few cells a line, and what the product says of it. */

export type Line = Partial<
  Record<
    | "BilledCost"
    | "BillingCurrency"
    | "ChargeDescription"
    | "ChargePeriodStart"
    | "ResourceId"
    | "ResourceName"
    | "ServiceName"
    | "SubAccountName"
    | "Tags"
    | "x_ResourceGroupName",
    string
  >
>;

const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;

/** The bill as text; EffectiveCost is BilledCost. */
export function billText(lines: readonly Line[]): string {
  const usual = {
    BilledCost: "1",
    BillingCurrency: "EUR",
    BillingPeriodStart: "2026-08-01T00:00:00Z",
    BillingPeriodEnd: "2026-09-01T00:00:00Z",
    ChargeCategory: "Usage",
    ChargeDescription: "",
    ChargePeriodStart: "2026-08-02T00:00:00Z",
    ChargePeriodEnd: "2026-09-01T00:00:00Z",
    EffectiveCost: "",
    ProviderName: "Microsoft",
    ResourceId: "/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/disks/d",
    ResourceName: "d",
    ServiceName: "Storage",
    SubAccountId: "/subscriptions/s",
    SubAccountName: "s",
    Tags: "",
    x_ResourceGroupName: "rg",
  };
  const names = Object.keys(usual) as (keyof typeof usual)[];
  const rows = lines.map((line) => {
    const all = { ...usual, ...line };
    all.EffectiveCost = all.BilledCost;
    return names.map((name) => cell(all[name])).join(",");
  });
  return `${names.join(",")}\n${rows.join("\n")}\n`;
}

/** Writes bill, owners and configuration into a folder; ingests and builds. */
export async function takeBill(
  folder: string,
  lines: readonly Line[],
  owners: string,
  env: Record<string, string> = {},
): Promise<string> {
  await mkdir(join(folder, "exports"), { recursive: true });
  await writeFile(join(folder, "exports/bill.csv"), billText(lines));
  await writeFile(join(folder, "owners.yaml"), owners);
  const config = await writeConfig(folder, "owners: ./owners.yaml\n");
  const done = await cli(["run", "--config", config], { env });
  expect(done.err).toBe("");
  expect(done.code).toBe(0);
  expect(done.units).toMatchObject([{ outcome: "loaded", rows: lines.length, rejected: 0 }]);
  return config;
}

/** An export of August as text. */
export async function exported(
  config: string,
  name: "lines" | "statement",
  env: Record<string, string> = {},
): Promise<string> {
  const done = await cli(["export", name, "--month", "2026-08", "-o", "-", "--config", config], {
    env,
  });
  expect(done.err).toBe("");
  expect(done.code).toBe(0);
  return done.out;
}

/** Records of a CSV by column; every record must have the header's width. */
export function records(csv: string): Record<string, string>[] {
  return parse(csv, { columns: true });
}
