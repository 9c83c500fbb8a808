import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BuildResult } from "../../analysis/build.ts";
import { describeWithBills } from "../needs.ts";
import { added, csvRows, sumOf, trimmed } from "./oracle.ts";
import {
  ledger,
  publish,
  type Published,
  published,
  stored,
  type StoredLine,
  take,
  byText,
  type Taken,
} from "./taken.ts";

/*
 * Bills as Azure, AWS and Oracle wrote them. They stay where they are; what stands here are figures
 * and ids a person read in them. Sums are compared with `oracle.ts`, which shares no code with us.
 */

const MEASURES = {
  billed: "BilledCost",
  effective: "EffectiveCost",
  list: "ListCost",
  contracted: "ContractedCost",
} as const;
type Measure = keyof typeof MEASURES;
const NAMES = Object.keys(MEASURES) as Measure[];

const COSTROID = "costroid-azure-focus/fixture/devaccount/exports/costroid-demo";

interface Bill {
  what: string;
  source: string;
  month: string;
  currency: string;
  files: string[];
  /** Where each measure is written; absent: the file states none. */
  columns: Partial<Record<Measure, string>>;
  rows: number;
  /** Read off an independent sum (Python's decimal) by a person, beside the oracle's. */
  checked: Partial<Record<Measure, string>>;
}

const focus = Object.fromEntries(NAMES.map((name) => [name, MEASURES[name]]));

const BILLS: Bill[] = [
  {
    what: "pay-as-you-go Usage of one AKS cluster",
    source: "payg",
    month: "2025-06",
    currency: "USD",
    files: ["aks-cost-analysis-export/cost-management-export.csv"],
    columns: { billed: "PreTaxCost", effective: "PreTaxCost" },
    rows: 28,
    checked: { billed: "4.800897501684201753", effective: "4.800897501684201753" },
  },
  {
    what: "FOCUS 1.0 of a partner's customer, 28 decimals",
    source: "mca",
    month: "2025-10",
    currency: "EUR",
    files: ["focus/azure-focus-1.0-mca-partner/part_0_0001.csv"],
    columns: focus,
    rows: 320,
    checked: {
      billed: "20.891847560449650605",
      effective: "20.891847560449650605",
      list: "0.001385911734519333",
      contracted: "20.891847560449647356",
    },
  },
  {
    what: "Costroid month to date, two partitions",
    source: "costroid",
    month: "2026-05",
    currency: "USD",
    files: [
      `${COSTROID}/mtd-snapshot/current/part_0_0001.csv.gz`,
      `${COSTROID}/mtd-snapshot/current/part_1_0001.csv.gz`,
    ],
    columns: focus,
    rows: 5,
    checked: { billed: "20.5", effective: "18.7", list: "12.5", contracted: "12.5" },
  },
  {
    what: "Costroid CreateNewReport, the newer of two runs",
    source: "costroid",
    month: "2026-06",
    currency: "USD",
    files: [
      `${COSTROID}/20260601-20260630/1a2b3c4d-5e6f-7089-9abc-def012345678/part_0_0001.csv.gz`,
    ],
    columns: focus,
    rows: 5,
    checked: { billed: "12", effective: "12", list: "13.5", contracted: "13.5" },
  },
];

describeWithBills("real bills", (folder) => {
  let home: string;
  let taken: Taken;
  let built: BuildResult;
  let lines: StoredLine[];
  const months = new Map<string, Published>();

  const rowsOf = (file: string) => {
    const bytes = readFileSync(join(folder, file));
    return csvRows((file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"));
  };
  const inSource = (source: string) => lines.filter((line) => line["source"] === source);
  const month = (name: string) => months.get(name) as Published;
  const control = (source: string) =>
    ledger(
      home,
      `SELECT * FROM unit_control WHERE source = '${source}' ORDER BY unit, month, currency`,
    );
  const reconciled = (name: string, currency: string, measure: string) =>
    month(name).reconciliation.find(
      (row) => row["currency"] === currency && row["measure"] === measure,
    ) as StoredLine;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "apportion-bills-"));
    const at = (path: string) => JSON.stringify(join(folder, path));
    taken = await take(home, {
      sources: [
        `  - { type: azure-exports, name: payg, location: { directory: ${at("aks-cost-analysis-export")} } }`,
        `  - { type: azure-exports, name: ea, location: { directory: ${at("ea-2023-legacy-c360")} } }`,
        `  - { type: azure-exports, name: mca, location: { directory: ${at("focus/azure-focus-1.0-mca-partner")} } }`,
        `  - { type: azure-exports, name: costroid, location: { directory: ${at(COSTROID)} } }`,
        `  - { type: focus, name: sample, files: ${at("focus/sample-1.0/*.csv")} }\n`,
      ].join("\n"),
    });
    built = await publish(home);
    lines = [];
    for (const part of await ledger(
      home,
      "SELECT source, unit, parquet FROM unit_part WHERE parquet IS NOT NULL ORDER BY ALL",
    ))
      for (const line of await stored(home, "*", `WHERE filename LIKE '%${part["parquet"]}'`))
        lines.push({ ...line, source: part["source"] ?? null, unit: part["unit"] ?? null });
    for (const name of [
      "2023-09",
      "2024-09",
      "2024-10",
      "2025-06",
      "2025-10",
      "2026-05",
      "2026-06",
    ])
      months.set(name, await published(home, name));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it("ingest, all but the file that is no bill, which is named", () => {
    expect(
      taken.events.map(({ source, unit, outcome, rows, rejected }) => [
        source,
        unit,
        outcome,
        rows,
        rejected,
      ]),
    ).toEqual([
      ["payg", "cost-management-export", "loaded", 28, 0],
      ["ea", "EA-Reservations-Recommendations", "failed", 0, 0],
      ["ea", "EA_ActualCost_Small", "loaded", 11, 0],
      ["ea", "EA_AmortizedCost_Small", "loaded", 28, 0],
      ["mca", "part", "loaded", 320, 0],
      ["costroid", "costroid-demo FocusCost 2026-05", "loaded", 5, 0],
      ["costroid", "costroid-demo FocusCost 2026-06", "loaded", 5, 0],
      ["sample", "focus_sample.csv", "loaded", 1000, 0],
    ]);
    const refused = taken.events.find((event) => event.outcome === "failed");
    expect(refused?.code).toBe("HEADER_INVALID");
    expect(refused?.problem).toContain(
      "EA-Reservations-Recommendations.csv:1: no known cost export has this header",
    );
  });

  for (const bill of BILLS)
    describe(bill.what, () => {
      for (const measure of NAMES) {
        const column = bill.columns[measure];
        if (column === undefined)
          it(`does not state ${measure} cost, and neither do we`, async () => {
            expect(inSource(bill.source).every((line) => line[`${measure}_cost`] === null)).toBe(
              true,
            );
            expect(reconciled(bill.month, bill.currency, measure)).toMatchObject({
              imported: null,
              attributed: null,
              unstated: String(bill.rows),
            });
          });
        else
          it(`adds up in ${measure} cost, stored, imported and attributed`, async () => {
            const rows = bill.files.flatMap(rowsOf);
            const truth = sumOf(rows, column);
            expect(truth.rows).toBe(bill.rows);
            expect(trimmed(truth.sum)).toBe(bill.checked[measure]);
            const mine = inSource(bill.source).filter((line) => line["x_month"] === bill.month);
            expect(mine).toHaveLength(bill.rows);
            expect(added(...mine.map((line) => line[`${measure}_cost`] ?? "0"))).toBe(
              trimmed(truth.sum),
            );
            const [sums] = (await control(bill.source)).filter(
              (row) => row["month"] === bill.month && row["currency"] === bill.currency,
            );
            expect(sums?.["rows"]).toBe(String(bill.rows));
            expect(sums?.[measure]).toBe(truth.sum);
            expect(trimmed(sums?.[`rounded_${measure}`] ?? null)).toBe(truth.residue);
            const row = reconciled(bill.month, bill.currency, measure);
            expect(row["imported"]).toBe(truth.sum);
            expect(row["attributed"]).toBe(truth.sum);
            expect(trimmed(row["difference"] ?? null)).toBe("0");
            expect(trimmed(row["rounded"] ?? null)).toBe(truth.residue);
          });
      }

      it("is the statement's sum", () => {
        const { statement } = month(bill.month);
        for (const [name, column] of [
          ["billed", "BilledCost"],
          ["effective", "EffectiveCost"],
          ["list", "ListCost"],
        ] as const)
          expect(statement.map((row) => row[column])).toEqual([bill.checked[name] ?? ""]);
        expect(
          added(
            ...statement.flatMap((r) =>
              ["DirectCost", "SharedCost", "IdleCost"].map((c) => r[c] as string),
            ),
          ),
        ).toBe(bill.checked.effective);
      });

      it("holds every check", () => {
        const outcome = built.months.find((entry) => entry.month === bill.month);
        expect(outcome?.outcome).toBe("published");
        expect(outcome?.checks.filter((check) => !check.ok)).toEqual([]);
        expect(outcome?.checks.filter((check) => check.kind === "invariant")).not.toEqual([]);
      });
    });

  it("sum up with what rounding took: 295 of 320 lines of the partner's bill", async () => {
    const rows = rowsOf("focus/azure-focus-1.0-mca-partner/part_0_0001.csv");
    const residues = NAMES.map((name) => sumOf(rows, MEASURES[name]).residue);
    expect(residues).toEqual([
      "0.0000000000000000175574325494",
      "0.0000000000000000175574325494",
      "-0.0000000000000000034582900935",
      "0.0000000000000000088158160587",
    ]);
    const [sums] = await control("mca");
    expect(trimmed(sums?.["rounded"] ?? null)).toBe(added(...residues));
    const touched = inSource("mca").filter((line) => line["x_rounded_billed"] !== null);
    expect(touched).toHaveLength(295);
  });

  describe("pay-as-you-go Usage, lines checked by eye", () => {
    const line = (more: (line: StoredLine) => boolean) => {
      const found = inSource("payg").filter(more);
      expect(found).toHaveLength(1);
      return found[0] as StoredLine;
    };

    it("line 2: a node's compute; the instance is in AdditionalInfo's VMName only", () => {
      const node = line((row) => row["billed_cost"] === "1.011807000000000100");
      expect(node).toMatchObject({
        effective_cost: "1.011807000000000100",
        billing_currency: "USD",
        x_month: "2025-06",
        x_day: "2025-06-17",
        billing_period_start: "2025-06-01 00:00:00",
        billing_period_end: "2025-07-01 00:00:00",
        charge_period_start: "2025-06-17 00:00:00",
        charge_period_end: "2025-06-18 00:00:00",
        pricing_quantity: "15.000000000000000000",
        contracted_unit_price: "0.067453800000000010",
        list_cost: null,
        service_name: "Virtual Machines",
        sku_meter: "D2 v2/DS2 v2",
        region_id: "westus3",
        resource_name: "aks-nodepool1-37076539-vmss",
        resource_type: "microsoft.compute/virtualmachinescalesets",
        resource_id:
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/MC_CONTOSO_CONTOSO-AKS_WESTUS3/providers/Microsoft.Compute/virtualMachineScaleSets/aks-nodepool1-37076539-vmss",
        sub_account_id: "/subscriptions/11111111-2222-3333-4444-555555555555",
        x_resource_group: "MC_CONTOSO_CONTOSO-AKS_WESTUS3",
      });
      expect(JSON.parse(node["x_sku_details"] as string)).toMatchObject({
        VMName: "aks-nodepool1-37076539-vmss_1",
        VCPUs: 2,
        ConsumedQuantity: 1,
      });
      // Tags stand in braces here, with empty values and dots in keys.
      expect(JSON.parse(node["tags"] as string)).toMatchObject({
        "aks-managed-poolName": "nodepool1",
        "aks-managed-bootstrap-profile-acr-name": "",
      });
    });

    it("line 4: the same scale set in lower case with VmName, 20 decimals", () => {
      const out = line((row) => row["billed_cost"] === "0.000027222289089113");
      expect(out["resource_id"]).toMatch(
        /resourcegroups\/mc_contoso_contoso-aks_westus3\/providers\/microsoft\.compute\/virtualmachinescalesets\//,
      );
      expect(out["x_rounded_billed"]).toBe("0.000000000000000000490000000000000000");
      expect(JSON.parse(out["x_sku_details"] as string)).toHaveProperty("VmName");
    });

    it("line 6: Defender names the instance in the resource id", () => {
      const defender = line((row) => row["billed_cost"] === "0.063214899999999990");
      expect(defender["resource_id"]).toMatch(/aks-nodepool1-37076539-vmss\/virtualMachines\/1$/);
      expect(defender["service_name"]).toBe("Microsoft Defender for Cloud");
    });

    it("the byte order mark is no part of the first column's name", () => {
      expect(new Set(inSource("payg").map((row) => row["sub_account_id"]))).toEqual(
        new Set(["/subscriptions/11111111-2222-3333-4444-555555555555"]),
      );
      expect(
        Object.keys(inSource("payg")[0] ?? {}).filter((name) => name.includes("\ufeff")),
      ).toEqual([]);
    });
  });

  describe("an enrolment's actual and amortised excerpts, a pair", () => {
    const actual = "ea-2023-legacy-c360/EA_ActualCost_Small.csv";
    const amortized = "ea-2023-legacy-c360/EA_AmortizedCost_Small.csv";
    const half = (dataset: string) =>
      inSource("ea").filter((line) => line["x_dataset"] === dataset);
    const one = (dataset: string, measure: string, amount: string) => {
      const found = half(dataset).filter((line) => line[`${measure}_cost`] === amount);
      expect(found).toHaveLength(1);
      return found[0] as StoredLine;
    };

    it("each half adds up in its own measure and does not state the other", async () => {
      const sums = await control("ea");
      const billed = sumOf(rowsOf(actual), "Cost");
      const effective = sumOf(rowsOf(amortized), "Cost");
      expect([billed.sum, effective.sum]).toEqual([
        "8.545007786741936800",
        "16.296932136636644627",
      ]);
      expect([billed.residue, effective.residue]).toEqual(["0", "0.000000000000000000485419"]);
      expect(sums).toHaveLength(2);
      expect(sums[0]).toMatchObject({ billed: billed.sum, effective: null, effective_nulls: "11" });
      expect(sums[1]).toMatchObject({ billed: null, effective: effective.sum, billed_nulls: "28" });
      expect(trimmed(sums[1]?.["rounded_effective"] ?? null)).toBe(effective.residue);
    });

    it("effective cost is the amortised half's, to the last digit", () => {
      expect(reconciled("2023-09", "USD", "effective")).toMatchObject({
        imported: "16.296932136636644627",
        attributed: "16.296932136636644627",
        difference: "0.000000000000000000",
        unstated: "0",
      });
      expect(month("2023-09").statement).toMatchObject([
        {
          EffectiveCost: "16.296932136636644627",
          BilledCost: "19.047780136168644627",
          ListCost: "",
        },
      ]);
    });

    it("billed cost: the tolerance fails, as excerpts must, and says by how much", () => {
      // All amortised lines, 0 where a commitment covers (0.493152 + 0.006000000468), plus the purchase.
      const covered = added("0.493152", "0.006000000468");
      const pair = added("16.296932136636644627", `-${covered}`, "3.25");
      expect(pair).toBe("19.047780136168644627");
      const apart = added(pair, "-8.5450077867419368");
      expect(apart).toBe("10.502772349426707827");
      const [check] = month("2023-09").checks.filter((row) => row["name"] === "legacy-pair");
      expect(check?.["ok"]).toBe(false);
      expect(check?.["kind"]).toBe("tolerance");
      expect(check?.["detail"]).toBe(
        `ea without scope: billed cost 8.545007786741936800 in the actual export, ${pair} from the pair, ${apart} apart; export both again at the same time`,
      );
      expect(trimmed(reconciled("2023-09", "USD", "billed")["difference"] ?? null)).toBe(apart);
      expect(built.months.find((entry) => entry.month === "2023-09")?.outcome).toBe("published");
    });

    it("of the actual half only the purchase is a line of the month: 28 + 1", () => {
      expect(reconciled("2023-09", "USD", "billed")["lines"]).toBe("29");
    });

    it("actual line 2: a reservation's purchase, its own segment empty", () => {
      const order =
        "/providers/Microsoft.Capacity/reservationOrders/49ed0e4d-8e0c-4f1f-af2c-67c865056615/reservations/";
      expect(one("ActualCost", "billed", "3.250000000000000000")).toMatchObject({
        charge_category: "Purchase",
        charge_frequency: "Recurring",
        pricing_category: "Committed",
        commitment_discount_type: "Reservation",
        commitment_discount_category: "Usage",
        commitment_discount_status: null,
        commitment_discount_id: order,
        resource_id: order,
        resource_name: "VM_RI_06-21-2023_18-56",
        sub_account_id: "/subscriptions/1caaa5a3-2b66-438e-8ab4-bce37d518c5d",
        x_resource_group: null,
        x_day: "2023-09-21",
        x_charge_type: "Purchase",
        tags: null,
      });
    });

    it("actual line 8: an id in capitals, 4 September and not 9 April", () => {
      expect(one("ActualCost", "billed", "0.000002000000000000")).toMatchObject({
        resource_id:
          "/SUBSCRIPTIONS/64E355D7-997C-491D-B0C1-8414DCCFCF42/RESOURCEGROUPS/FTK-MICFLAN-DARKSLATE2/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/FTK-MICFLA-5PD7GDO37OOZC",
        sub_account_id: "/subscriptions/64e355d7-997c-491d-b0c1-8414dccfcf42",
        x_day: "2023-09-04",
        charge_period_end: "2023-09-05 00:00:00",
        billing_period_start: "2023-09-01 00:00:00",
        billing_period_end: "2023-10-01 00:00:00",
        tags: '"CostCenter": "1234","CostAllocationTest": "Sameer"',
      });
      expect(new Set(inSource("ea").map((line) => line["x_month"]))).toEqual(new Set(["2023-09"]));
    });

    it("amortised line 2: a node under a reservation, by BenefitId", () => {
      const node = one("AmortizedCost", "effective", "0.493152000000000000");
      expect(node).toMatchObject({
        billed_cost: null,
        commitment_discount_status: "Used",
        commitment_discount_id:
          "/providers/Microsoft.Capacity/reservationOrders/a965d46f-aedf-4176-8ff1-2617943b8960/reservations/f39d1c73-af74-4308-9083-fbf5efab37d1",
        commitment_discount_name: "ProdDS1VMReservation",
        x_pricing_model: "Reservation",
        x_effective_unit_price: "0.061644000000000000",
        region_id: "eastus",
      });
      expect(JSON.parse(node["x_sku_details"] as string)).toMatchObject({
        VMName: "aks-agentpool-42850074-vmss_1",
        RINormalizationRatio: 2,
      });
    });

    it("amortised line 3: a savings plan has a BenefitId and no ReservationId", () => {
      expect(one("AmortizedCost", "effective", "0.006000000468000000")).toMatchObject({
        commitment_discount_type: "Savings Plan",
        commitment_discount_category: "Spend",
        commitment_discount_status: "Used",
        commitment_discount_name: "Compute_SavingsPlan_11-07-2022_09-55",
        x_day: "2023-09-03",
      });
    });

    it("amortised lines 11, 13, 15: past 18 decimals, rounded half away from zero", () => {
      const cut = half("AmortizedCost")
        .filter((line) => line["x_rounded_effective"] !== null)
        .map((line) => [line["effective_cost"], trimmed(line["x_rounded_effective"] ?? null)]);
      expect(cut.toSorted(byText)).toEqual([
        ["0.000000007292255759", "0.000000000000000000239199"],
        ["0.000000019110739231", "0.00000000000000000010962"],
        ["0.000118866916745901", "0.0000000000000000001366"],
      ]);
    });

    it("tags without braces are read for ownership all the same", () => {
      const vault = month("2023-09").lines.filter((line) =>
        line["resource_id"]?.endsWith("FTK-MICFLA-5PD7GDO37OOZC"),
      );
      expect(vault.map((line) => [line["x_team"], line["x_hint"]])).toEqual([
        ["__unowned__", "costcenter tag: 1234"],
      ]);
      // A legacy export has no column for it; the id tells.
      expect(vault.map((line) => line["resource_type"])).toEqual(["microsoft.keyvault/vaults"]);
    });
  });

  describe("Azure's FOCUS 1.0, lines checked by eye", () => {
    it("line 7: 28 decimals, a nameless billing account, RegionId global, extras kept", () => {
      const found = inSource("mca").filter(
        (line) => line["x_rounded_billed"] === "0.000000000000000000375494970900000000",
      );
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({
        billed_cost: "0.000049606568593910",
        contracted_cost: "0.000049606568593910",
        list_cost: "0.000049606568593910",
        consumed_quantity: "145.000000000000030000",
        list_unit_price: "0.342114266164899080",
        billing_account_id:
          "/providers/Microsoft.Billing/billingAccounts/aaaaaaaa-0000-0000-0000-00000000000a:bbbbbbbb-0000-0000-0000-00000000000b_2018-09-30/billingProfiles/",
        billing_account_name: null,
        invoice_issuer_name: "EXAMPLE PARTNER SARL & CIE SECS",
        service_name: "Azure DNS",
        sku_meter: "Public Queries",
        pricing_currency: "USD",
        tags: null,
        charge_period_start: "2025-10-16 00:00:00",
        billing_period_end: "2025-11-01 00:00:00",
        x_resource_group: "domains",
        "extra:x_BillingExchangeRate": "0.8552856654122477",
        "extra:x_SkuMeterId": "d54686f0-77ff-43f3-9e7c-2099030d32a7",
      });
    });

    it("line 2: AdditionalInfo is kept, cut off as Azure cut it", () => {
      const [free] = inSource("mca").filter(
        (line) => line["pricing_quantity"] === "0.018816000000000003",
      );
      expect(free?.["x_sku_details"]).toMatch(
        /^\{"HostNames":"bravo\.example,www\.bravo\.example,/,
      );
      expect(free?.["tags"]).toBe('{"azd-env-name":"django-app","azd-service-name":"web"}');
    });
  });

  describe("three clouds' FOCUS 1.0 with literal NULL", () => {
    const file = "focus/sample-1.0/focus_sample.csv";

    for (const name of NAMES)
      it(`adds up in ${name} cost over its two months`, async () => {
        const rows = rowsOf(file);
        for (const period of ["2024-09", "2024-10"]) {
          const truth = sumOf(
            rows.filter((row) => row["BillingPeriodStart"]?.startsWith(period)),
            MEASURES[name],
            ["", "NULL"],
          );
          const [sums] = (await control("sample")).filter((row) => row["month"] === period);
          expect(sums?.["rows"]).toBe(String(truth.rows));
          expect(sums?.[`${name}_nulls`]).toBe(String(truth.empty));
          expect(trimmed(sums?.[name] ?? null)).toBe(
            truth.empty === truth.rows ? null : trimmed(truth.sum),
          );
          expect(trimmed(sums?.[`rounded_${name}`] ?? null)).toBe(truth.residue);
          const row = reconciled(period, "USD", name);
          expect(row["imported"]).toBe(sums?.[name] ?? null);
          expect(row["attributed"]).toBe(sums?.[name] ?? null);
          expect(trimmed(row["difference"] ?? null)).toBe("0");
        }
      });

    it("totals a person read: 20.52022672899 billed, 14.97651418586 effective", async () => {
      const sums = await control("sample");
      const total = (name: string) => added(...sums.map((row) => row[name] ?? "0"));
      expect(NAMES.map(total)).toEqual([
        "20.52022672899",
        "14.97651418586",
        "20.39090575119",
        "14.97626039326",
      ]);
      expect(month("2024-09").statement).toMatchObject([
        { BilledCost: "20.28022672899", EffectiveCost: "14.97651418586" },
      ]);
    });

    it("by provider: 942, 51 and 7 lines; no cell says NULL", () => {
      const count = Map.groupBy(inSource("sample"), (line) => line["provider_name"]);
      expect([...count].map(([name, all]) => [name, all.length]).toSorted(byText)).toEqual([
        ["AWS", 942],
        ["Microsoft", 51],
        ["Oracle", 7],
      ]);
      expect(
        inSource("sample")
          .flatMap((line) => Object.values(line))
          .filter((cell) => cell === "NULL"),
      ).toEqual([]);
    });

    it("line 2: an hour of a queue; Id, which FOCUS does not know, is kept", () => {
      const [queue] = inSource("sample").filter((line) => line["extra:Id"] === "11472");
      expect(queue).toMatchObject({
        provider_name: "AWS",
        billed_cost: "0.000000800000000000",
        effective_cost: "0.000000000000000000",
        charge_period_start: "2024-09-18 22:00:00",
        x_day: "2024-09-18",
        resource_name: null,
        tags: null,
        sub_account_id: "51738928782",
      });
    });

    it("line 946: a line of October's bill about the last hours of September; contracted cost not stated", () => {
      const [oracle] = inSource("sample").filter((line) => line["extra:Id"] === "5193877");
      expect(oracle).toMatchObject({
        x_month: "2024-10",
        x_day: "2024-09-30",
        billed_cost: "0.240000000000000000",
        contracted_cost: null,
        contracted_unit_price: null,
      });
      expect(reconciled("2024-10", "USD", "contracted")).toMatchObject({
        imported: null,
        unstated: "1",
      });
    });
  });

  describe("Costroid's export tree", () => {
    it("the newest submittedTime wins and the older run is not added", async () => {
      const units = await ledger(
        home,
        "SELECT unit, run FROM unit WHERE source = 'costroid' ORDER BY unit",
      );
      expect(units).toEqual([
        { unit: "costroid-demo FocusCost 2026-05", run: "7c1de0f5-3b58-4f8e-9d21-0aa7b6c5d4e3" },
        { unit: "costroid-demo FocusCost 2026-06", run: "1a2b3c4d-5e6f-7089-9abc-def012345678" },
      ]);
      expect(reconciled("2026-06", "USD", "billed")["imported"]).toBe("12.000000000000000000");
    });

    it("times without seconds and without Z are UTC", () => {
      const starts = inSource("costroid").map((line) => line["charge_period_start"]);
      expect(starts.toSorted(byText)).toEqual([
        "2026-05-01 00:00:00",
        "2026-05-01 00:00:00",
        "2026-05-01 00:00:00",
        "2026-05-02 00:00:00",
        "2026-05-03 00:00:00",
        "2026-05-03 00:00:00",
        "2026-06-01 00:00:00",
        "2026-06-02 00:00:00",
        "2026-06-03 00:00:00",
        "2026-06-03 00:00:00",
      ]);
    });

    it("a credit without a service and a correction of May stay in June's bill", () => {
      const june = inSource("costroid").filter((line) => line["x_month"] === "2026-06");
      expect(june.find((line) => line["charge_category"] === "Credit")).toMatchObject({
        billed_cost: "-1.500000000000000000",
        service_name: null,
      });
      expect(june.find((line) => line["charge_class"] === "Correction")).toMatchObject({
        billed_cost: "-0.500000000000000000",
        x_day: "2026-05-01",
      });
    });
  });
});
