import { rm } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCAL_ADMINISTRATOR, type Principal, principalOf } from "../../analysis/principal.ts";
import { openSnapshot, type Snapshot } from "../../analysis/snapshot.ts";
import { writeExport } from "../../api/exports.ts";
import { homePaths } from "../../data/files.ts";
import { billOf, clusterHome, PLAIN_RESOURCE } from "../cluster-home.ts";
import { cli } from "../home.ts";
import { appOver } from "./server-fixture.ts";

type Row = Record<string, string>;

let made: Awaited<ReturnType<typeof clusterHome>>;
let snapshot: Snapshot;
let rows: Row[];
beforeAll(async () => {
  made = await clusterHome();
  snapshot = await openSnapshot(homePaths(made.home));
  rows = await exported("allocation");
});
afterAll(async () => {
  await snapshot?.pool.close();
  if (made !== undefined) await rm(made.folder, { recursive: true, force: true });
});

async function exported(
  name: "allocation" | "statement" | "lines",
  team?: string,
  principal: Principal = LOCAL_ADMINISTRATOR,
): Promise<Row[]> {
  const texts: string[] = [];
  await writeExport(name, snapshot, principal, { month: "2026-08", team }, async (text) => {
    texts.push(text);
  });
  return parse(texts.join(""), { columns: true });
}

/** 10^-18 units of decimal text, by nobody's code but this. */
function units(text: string): bigint {
  const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(text) ?? [];
  return BigInt(`${sign}${whole}${fraction.padEnd(18, "0")}`);
}
const sum = (texts: readonly (string | undefined)[]) =>
  texts.reduce((all, text) => (text === undefined || text === "" ? all : all + units(text)), 0n);

const COSTS = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"] as const;
const bill = billOf("2026-08");

describe("export allocation", () => {
  for (const column of COSTS)
    it(`${column} adds up to the bill in each currency, to the last digit`, () => {
      for (const currency of ["EUR", "USD"]) {
        const own = rows.filter((row) => row["BillingCurrency"] === currency);
        const lines = bill.filter((line) => line["BillingCurrency"] === currency);
        expect(sum(own.map((row) => row[column]))).toBe(sum(lines.map((line) => line[column])));
        expect(lines.length).toBeGreaterThan(0);
      }
    });

  it("adds up to every row of the statement, by team and business unit", async () => {
    const statement = await exported("statement");
    expect(statement).toHaveLength(8);
    const key = (row: Row, team: string, unit: string) =>
      [row["BillingCurrency"], row[team], row[unit]].join(" ");
    for (const row of statement) {
      const own = rows.filter(
        (one) => key(one, "x_Team", "x_BusinessUnit") === key(row, "Team", "BusinessUnit"),
      );
      for (const column of ["BilledCost", "EffectiveCost"] as const)
        expect(sum(own.map((one) => one[column])), `${row["Team"]} ${column}`).toBe(
          units(row[column] ?? ""),
        );
      const bucket = (name: string) =>
        sum(own.filter((one) => one["x_Bucket"] === name).map((one) => one["EffectiveCost"]));
      expect(bucket("shared"), row["Team"]).toBe(units(row["SharedCost"] ?? ""));
      expect(bucket("idle"), row["Team"]).toBe(units(row["IdleCost"] ?? ""));
    }
    expect(sum(rows.map((row) => row["EffectiveCost"]))).toBe(
      sum(statement.map((row) => row["EffectiveCost"])),
    );
  });

  it("gives each line back whole: costs, quantities and ratios of its shares", () => {
    const keys = ["ChargePeriodStart", "ResourceId", "BillingCurrency", "x_SkuDetails", "Tags"];
    const lineOf = (row: Row) => keys.map((key) => row[key]).join("|");
    const divided = rows.filter((row) => row["AllocatedMethodDetails"] !== "");
    expect(divided.length).toBeGreaterThan(100);
    const quantity = (currency: string) =>
      sum(
        rows
          .filter((row) => row["BillingCurrency"] === currency)
          .map((row) => row["ConsumedQuantity"]),
      );
    for (const currency of ["EUR", "USD"])
      expect(quantity(currency)).toBe(
        sum(
          bill
            .filter((line) => line["BillingCurrency"] === currency)
            .map((line) => line["ConsumedQuantity"]),
        ),
      );
    // The volume's line is the only one with its resource that day: its ratios are those of one line.
    const volume = divided.filter(
      (row) =>
        row["ResourceId"]?.endsWith("/pvc-db") === true && lineOf(row).startsWith("2026-08-02"),
    );
    const ratios = divided
      .filter((row) => row["ServiceName"] === "Load Balancer")
      .filter((row) => row["ChargePeriodStart"] === "2026-08-02T00:00:00Z")
      .map((row) => /"AllocatedRatio":([\d.]+)/.exec(row["AllocatedMethodDetails"] ?? "")?.[1]);
    expect(ratios).toHaveLength(2);
    expect(sum(ratios)).toBe(10n ** 18n);
    expect(volume.map((row) => row["x_Workload"])).toEqual(["StatefulSet/db"]);
  });

  it("says who took it, by what, and whose that is", () => {
    const [db] = rows.filter(
      (row) =>
        row["x_Workload"] === "StatefulSet/db" && row["AllocatedMethodId"] === "apportion-v3:node",
    );
    expect(db).toMatchObject({
      AllocatedResourceId: "prod/shop/StatefulSet/db",
      AllocatedResourceName: "db",
      x_Team: "shop",
      x_BusinessUnit: "Retail",
      x_Cluster: "prod",
      x_Namespace: "shop",
      x_Rule: "rule 2: cluster prod and namespace shop*",
      x_Bucket: "direct",
      x_Unit: "2026-08.csv",
    });
    expect(JSON.parse(db?.["AllocatedTags"] ?? "")).toEqual({
      "k8s-cluster": "prod",
      "k8s-namespace": "shop",
      "k8s-workload-kind": "StatefulSet",
      "k8s-workload": "db",
    });
    expect(
      rows.filter((row) => row["x_Bucket"] === "unmounted").map((row) => row["x_Namespace"]),
    ).toEqual([]);
    const idle = rows.filter((row) => row["x_Team"] === "__idle__");
    expect(idle.every((row) => row["AllocatedResourceId"] === "")).toBe(true);
  });

  it("holds an undivided line once, as it is in the bill, with its owner", () => {
    const plain = rows.filter((row) => row["ResourceId"] === PLAIN_RESOURCE);
    expect(plain).toHaveLength(3);
    for (const row of plain)
      expect(row).toMatchObject({
        EffectiveCost: "1.01",
        x_Team: "shop",
        x_Rule: "rule 6: resourceGroup rg-shop",
        x_Bucket: "direct",
        AllocatedMethodId: "",
        x_Cluster: "",
      });
  });

  it("redistribution cancels, and is absent where nothing is passed on", () => {
    const moved = rows.filter((row) => row["AllocatedMethodId"] === "apportion-v3:redistribution");
    expect(moved.length).toBeGreaterThan(20);
    for (const column of COSTS) expect(sum(moved.map((row) => row[column]))).toBe(0n);
    expect(moved.some((row) => row["x_Bucket"] === "__network__")).toBe(false);
  });

  it("of one team is that team's part of the whole; a scoped caller gets no other", async () => {
    const shop = rows.filter((row) => row["x_Team"] === "shop");
    const one = await exported("allocation", "shop");
    expect(one).toHaveLength(shop.length);
    expect(sum(one.map((row) => row["EffectiveCost"]))).toBe(
      sum(shop.map((row) => row["EffectiveCost"])),
    );
    const scoped = await exported(
      "allocation",
      undefined,
      principalOf({ name: "someone", roles: ["viewer"], teams: ["shop"] }),
    );
    expect(scoped).toHaveLength(shop.length);
    expect(sum(scoped.map((row) => row["EffectiveCost"]))).toBe(
      sum(shop.map((row) => row["EffectiveCost"])),
    );
  });

  it("comes over HTTP and from the command line, the same rows", async () => {
    const server = await appOver(made.config);
    const answer = await server.get("/api/v1/exports/allocation.csv?month=2026-08");
    await server.close();
    expect(answer.status).toBe(200);
    expect(answer.headers["content-disposition"]).toBe(
      'attachment; filename="allocation-2026-08.csv"',
    );
    const told = await cli(["export", "allocation", "--month", "2026-08", "--config", made.config]);
    expect(told.err).toBe("");
    const sorted = (text: string) => text.split("\r\n").toSorted();
    expect(sorted(told.out)).toEqual(sorted(answer.text));
    expect(told.out.startsWith("AvailabilityZone,BilledCost,")).toBe(true);
  });
});
