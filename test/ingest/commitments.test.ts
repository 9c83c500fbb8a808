import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENROLMENT_COLUMNS } from "../../data/sample/columns.ts";
import { withFolder, writeTree } from "../home.ts";
import { type Cells, csv, exportRun, part, runId } from "./bill.ts";
import { added, decimal, fine, short, trimmed, units } from "./oracle.ts";
import { ACCOUNT, SUBSCRIPTION } from "./shape-bills.ts";
import { byText, published, publish, type StoredLine, stored, take } from "./taken.ts";

/** Reservations and savings plans: the legacy halves put together, and a known defect of FOCUS. */

const ORDER =
  "/providers/Microsoft.Capacity/reservationOrders/0f0f0f0f-0000-4000-8000-000000000001";
const RESERVATION = `${ORDER}/reservations/0f0f0f0f-0000-4000-8000-000000000002`;
const PLAN =
  "/providers/Microsoft.BillingBenefits/savingsPlanOrders/0f0f0f0f-0000-4000-8000-000000000003/savingsPlans/0f0f0f0f-0000-4000-8000-000000000004";
const NODE = `${ACCOUNT}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-0`;

type Kind =
  | "usage"
  | "covered"
  | "saved"
  | "unused"
  | "unused plan"
  | "purchase"
  | "plan purchase"
  | "refund"
  | "marketplace"
  | "credit note"
  | "rounding";

/** How a charge stands in the two halves: what it is, and in which half with which amount. */
const KINDS: Record<
  Kind,
  { cells: Cells; actual: "amount" | "zero" | "none"; amortized: boolean }
> = {
  usage: {
    cells: { ChargeType: "Usage", PricingModel: "OnDemand", ResourceId: NODE },
    actual: "amount",
    amortized: true,
  },
  covered: {
    cells: {
      ChargeType: "Usage",
      PricingModel: "Reservation",
      ResourceId: NODE,
      benefitId: RESERVATION,
      ReservationId: "0f0f0f0f-0000-4000-8000-000000000002",
    },
    actual: "zero",
    amortized: true,
  },
  saved: {
    cells: {
      ChargeType: "Usage",
      PricingModel: "SavingsPlan",
      ResourceId: NODE,
      benefitId: PLAN,
    },
    actual: "zero",
    amortized: true,
  },
  unused: {
    cells: {
      ChargeType: "UnusedReservation",
      PricingModel: "Reservation",
      ResourceId: RESERVATION,
      benefitId: RESERVATION,
      SubscriptionId: "",
    },
    actual: "none",
    amortized: true,
  },
  "unused plan": {
    cells: {
      ChargeType: "UnusedSavingsPlan",
      PricingModel: "SavingsPlan",
      ResourceId: PLAN,
      benefitId: PLAN,
      SubscriptionId: "00000000-0000-0000-0000-000000000000",
    },
    actual: "none",
    amortized: true,
  },
  purchase: {
    cells: {
      ChargeType: "Purchase",
      PricingModel: "Reservation",
      Frequency: "Recurring",
      ResourceId: `${ORDER}/reservations/`,
      benefitId: `${ORDER}/reservations/`,
      benefitName: "Nodes, 3 years",
    },
    actual: "amount",
    amortized: false,
  },
  "plan purchase": {
    cells: {
      ChargeType: "Purchase",
      PricingModel: "SavingsPlan",
      Frequency: "Recurring",
      ResourceId: PLAN,
      benefitId: PLAN,
    },
    actual: "amount",
    amortized: false,
  },
  refund: {
    cells: {
      ChargeType: "Refund",
      PricingModel: "Reservation",
      ResourceId: RESERVATION,
      benefitId: RESERVATION,
    },
    actual: "amount",
    amortized: false,
  },
  marketplace: {
    cells: {
      ChargeType: "Purchase",
      PricingModel: "OnDemand",
      PublisherType: "Marketplace",
      PublisherName: "Contoso",
      Frequency: "OneTime",
    },
    actual: "amount",
    amortized: true,
  },
  "credit note": {
    cells: { ChargeType: "Refund", PricingModel: "OnDemand", ResourceId: NODE },
    actual: "amount",
    amortized: true,
  },
  rounding: {
    cells: { ChargeType: "RoundingAdjustment", PricingModel: "", SubscriptionId: "" },
    actual: "amount",
    amortized: true,
  },
};

interface Charge {
  kind: Kind;
  amount: string;
}

function half(which: "ActualCost" | "AmortizedCost", charges: readonly Charge[]): Cells[] {
  return charges.flatMap(({ kind, amount }, n): Cells[] => {
    const { cells, actual, amortized } = KINDS[kind];
    if (which === "ActualCost" ? actual === "none" : !amortized) return [];
    return [
      {
        Date: "08/09/2026",
        BillingPeriodStartDate: "08/01/2026",
        BillingPeriodEndDate: "08/31/2026",
        BillingCurrencyCode: "EUR",
        MeterCategory: "Virtual Machines",
        SubscriptionId: SUBSCRIPTION,
        ProductName: `${kind} ${n}`,
        CostInBillingCurrency: which === "ActualCost" && actual === "zero" ? "0" : amount,
        ...cells,
      },
    ];
  });
}

const pairFiles = (charges: readonly Charge[], month = "2026-08", scope = ACCOUNT) =>
  Object.assign(
    {},
    ...(["ActualCost", "AmortizedCost"] as const).map((type, n) => {
      const rows = half(type, charges);
      const dated = rows.map((row) => ({
        ...row,
        Date: `${month.slice(5)}/09/2026`,
        BillingPeriodStartDate: `${month.slice(5)}/01/2026`,
        BillingPeriodEndDate: `${month.slice(5)}/28/2026`,
      }));
      return exportRun({
        name: type.toLowerCase(),
        type,
        month,
        scope,
        run: runId(n),
        submitted: "2026-09-10T06:00:00",
        parts: [part("part_0.csv", ENROLMENT_COLUMNS, dated)],
      });
    }),
  ) as Record<string, string | Uint8Array>;

/** Σ of what a half's file says. */
const sumOf = (which: "ActualCost" | "AmortizedCost", charges: readonly Charge[]) =>
  half(which, charges).reduce((sum, row) => sum + units(row["CostInBillingCurrency"] ?? ""), 0n);

const CHARGES: Charge[] = [
  { kind: "usage", amount: "10.5" },
  { kind: "covered", amount: "4.25" },
  { kind: "saved", amount: "1.5" },
  { kind: "unused", amount: "0.75" },
  { kind: "unused plan", amount: "0.5" },
  { kind: "purchase", amount: "5" },
  { kind: "plan purchase", amount: "2" },
  { kind: "refund", amount: "-1" },
  { kind: "marketplace", amount: "3" },
  { kind: "credit note", amount: "-0.125" },
  { kind: "rounding", amount: "0.001" },
];

describe("a pair of actual and amortised cost", () => {
  it("is one bill: every line of the mapping, by its kind", () =>
    withFolder(async (folder) => {
      await writeTree(join(folder, "exports"), pairFiles(CHARGES));
      expect((await take(folder)).events).toMatchObject([
        { unit: "actualcost ActualCost 2026-08", outcome: "loaded", rows: 9 },
        { unit: "amortizedcost AmortizedCost 2026-08", outcome: "loaded", rows: 8 },
      ]);
      const built = await publish(folder);
      expect(built.months[0]?.checks.filter((check) => !check.ok)).toEqual([]);
      const { lines, reconciliation, statement } = await published(folder, "2026-08");
      const seen = lines
        .map((row) => [
          row["charge_description"]?.replace(/ \d+$/, ""),
          Number(row["billed_cost"]),
          Number(row["effective_cost"]),
          row["charge_category"],
          row["charge_class"],
          row["pricing_category"],
          row["commitment_discount_status"],
          row["x_match"],
          row["x_bucket"],
        ])
        .toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
      expect(seen).toEqual([
        ["covered", 0, 4.25, "Usage", null, "Committed", "Used", "resource", "__unowned__"],
        [
          "credit note",
          -0.125,
          -0.125,
          "Usage",
          "Correction",
          "Standard",
          null,
          "resource",
          "__unowned__",
        ],
        ["marketplace", 3, 3, "Purchase", null, "Standard", null, "no-resource", "__unowned__"],
        [
          "plan purchase",
          2,
          0,
          "Purchase",
          null,
          "Committed",
          null,
          "commitment-purchase",
          "__unowned__",
        ],
        [
          "purchase",
          5,
          0,
          "Purchase",
          null,
          "Committed",
          null,
          "commitment-purchase",
          "__unowned__",
        ],
        [
          "refund",
          -1,
          0,
          "Purchase",
          "Correction",
          "Committed",
          null,
          "commitment-purchase",
          "__unowned__",
        ],
        ["rounding", 0.001, 0.001, "Adjustment", null, null, null, "no-resource", "__unowned__"],
        ["saved", 0, 1.5, "Usage", null, "Committed", "Used", "resource", "__unowned__"],
        [
          "unused",
          0,
          0.75,
          "Usage",
          null,
          "Committed",
          "Unused",
          "commitment-waste",
          "__commitment_unused__",
        ],
        [
          "unused plan",
          0,
          0.5,
          "Usage",
          null,
          "Committed",
          "Unused",
          "commitment-waste",
          "__commitment_unused__",
        ],
        ["usage", 10.5, 10.5, "Usage", null, "Standard", null, "resource", "__unowned__"],
      ]);
      const row = (measure: string) =>
        reconciliation.find((entry) => entry["measure"] === measure) as StoredLine;
      const billed = added("10.5", "5", "2", "-1", "3", "-0.125", "0.001");
      const effective = added("10.5", "4.25", "1.5", "0.75", "0.5", "3", "-0.125", "0.001");
      expect(trimmed(row("billed")["imported"] ?? null)).toBe(billed);
      expect(trimmed(row("billed")["attributed"] ?? null)).toBe(billed);
      expect(trimmed(row("effective")["imported"] ?? null)).toBe(effective);
      expect(trimmed(row("effective")["attributed"] ?? null)).toBe(effective);
      expect(row("list")).toMatchObject({ imported: null, attributed: null });
      expect(added(...statement.map((entry) => entry["BilledCost"] ?? ""))).toBe(billed);
      expect(added(...statement.map((entry) => entry["EffectiveCost"] ?? ""))).toBe(effective);
    }));

  it("without any commitment the halves are the same bytes, and still two halves", () =>
    withFolder(async (folder) => {
      await writeTree(join(folder, "exports"), pairFiles([{ kind: "usage", amount: "10.5" }]));
      expect((await take(folder)).events.map((event) => event.outcome)).toEqual([
        "loaded",
        "loaded",
      ]);
      await publish(folder);
      expect((await published(folder, "2026-08")).statement).toMatchObject([
        { BilledCost: "10.5", EffectiveCost: "10.5" },
      ]);
    }));

  it("names what it can: the benefit before the reservation, no subscription of zeros", () =>
    withFolder(async (folder) => {
      await writeTree(join(folder, "exports"), pairFiles(CHARGES));
      await take(folder);
      const lines = await stored(folder);
      const of = (kind: string, dataset: string) =>
        lines.find(
          (row) =>
            row["charge_description"]?.replace(/ \d+$/, "") === kind &&
            row["x_dataset"] === dataset,
        );
      expect(of("covered", "AmortizedCost")?.["commitment_discount_id"]).toBe(RESERVATION);
      expect(of("saved", "AmortizedCost")).toMatchObject({
        commitment_discount_id: PLAN,
        commitment_discount_type: "Savings Plan",
        commitment_discount_category: "Spend",
      });
      expect(of("purchase", "ActualCost")).toMatchObject({
        resource_name: "Nodes, 3 years",
        commitment_discount_id: `${ORDER}/reservations/`,
        charge_frequency: "Recurring",
      });
      expect(of("unused plan", "AmortizedCost")).toMatchObject({
        sub_account_id: null,
        sub_account_type: null,
      });
      expect(of("usage", "ActualCost")?.["commitment_discount_id"]).toBeNull();
    }));

  it("two enrolments whose unused commitments name the subscription of zeros do not overlap", () =>
    withFolder(async (folder) => {
      const waste: Charge[] = [{ kind: "unused plan", amount: "0.5" }];
      const other = "/providers/Microsoft.Billing/billingAccounts/2";
      await writeTree(join(folder, "exports/a"), pairFiles(waste, "2026-08", ACCOUNT));
      await writeTree(
        join(folder, "exports/b"),
        pairFiles([{ kind: "unused plan", amount: "7" }], "2026-08", other),
      );
      const taken = await take(folder);
      expect(taken.events.filter((event) => event.code === "EXPORTS_OVERLAP")).toEqual([]);
    }));

  for (const [which, measure, other] of [
    ["ActualCost", "billed", "effective"],
    ["AmortizedCost", "effective", "billed"],
  ] as const)
    it(`${which} alone: ${other} cost is not stated, in no place 0`, () =>
      withFolder(async (folder) => {
        await writeTree(join(folder, "exports"), {
          [`${which}/bill.csv`]: csv(ENROLMENT_COLUMNS, half(which, CHARGES)),
        });
        await take(folder);
        await publish(folder);
        const { reconciliation, statement, lines } = await published(folder, "2026-08");
        const sum = decimal(sumOf(which, CHARGES), 18);
        expect(lines).toHaveLength(half(which, CHARGES).length);
        expect(lines.map((row) => row[`${other}_cost`])).toEqual(lines.map(() => null));
        expect(reconciliation.find((row) => row["measure"] === measure)).toMatchObject({
          imported: sum,
          attributed: sum,
          unstated: "0",
        });
        expect(reconciliation.find((row) => row["measure"] === other)).toMatchObject({
          imported: null,
          attributed: null,
          unstated: String(lines.length),
        });
        const column = { billed: "BilledCost", effective: "EffectiveCost" };
        expect(statement.map((row) => row[column[other]])).toEqual(statement.map(() => ""));
        expect(added(...statement.map((row) => row[column[measure]] ?? ""))).toBe(trimmed(sum));
      }));

  it("random pairs: Σ billed is the actual file's, Σ effective the amortised file's", async () => {
    const digits = (min: number, max: number) =>
      fc
        .array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max })
        .map((list) => list.join(""));
    const amount = fc
      .tuple(fc.constantFrom("", "-"), digits(1, 9), digits(0, 22))
      .map(([sign, whole, decimals]) => `${sign}${whole}${decimals === "" ? "" : `.${decimals}`}`);
    const charge = fc.record({
      kind: fc.constantFrom(...(Object.keys(KINDS) as Kind[])),
      amount,
    });
    // Both halves need a row, or there is no pair.
    const bill = fc
      .array(charge, { maxLength: 30 })
      .map((charges): Charge[] => [{ kind: "usage", amount: "1" }, ...charges]);
    const months = ["2026-03", "2026-04", "2026-05", "2026-06"];
    await fc.assert(
      fc.asyncProperty(fc.array(bill, { minLength: 2, maxLength: 4 }), (bills) =>
        withFolder(async (folder) => {
          const files = bills.map((charges, n) => pairFiles(charges, months[n]));
          await writeTree(join(folder, "exports"), Object.assign({}, ...files));
          expect((await take(folder)).failed).toBe(0);
          const built = await publish(folder);
          for (const [n, charges] of bills.entries()) {
            const month = built.list.months.find((entry) => entry.month === months[n]);
            expect(month?.failed).toEqual([]);
            expect(month?.totals).toEqual([
              {
                currency: "EUR",
                billed: decimal(sumOf("ActualCost", charges), 18),
                effective: decimal(sumOf("AmortizedCost", charges), 18),
              },
            ]);
            const { reconciliation } = await published(folder, months[n] as string);
            for (const [measure, which] of [
              ["billed", "ActualCost"],
              ["effective", "AmortizedCost"],
            ] as const) {
              const row = reconciliation.find((entry) => entry["measure"] === measure);
              const written = half(which, charges).map(
                (cells) => cells["CostInBillingCurrency"] ?? "",
              );
              const residue = written.reduce(
                (sum, text) => sum + fine(text) - units(text) * 10n ** 42n,
                0n,
              );
              expect(trimmed(row?.["difference"] ?? null)).toBe("0");
              expect(trimmed(row?.["rounded"] ?? null)).toBe(short(residue));
            }
          }
        }),
      ),
      { numRuns: 3 },
    );
  });
});

describe("FOCUS purchases of commitments that carry effective cost", () => {
  const columns = [
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargePeriodStart",
    "ChargeCategory",
    "ChargeDescription",
    "ServiceName",
    "ProviderName",
    "CommitmentDiscountId",
    "CommitmentDiscountStatus",
    "PricingQuantity",
    "SubAccountId",
  ];
  const line = (what: string, billed: string, effective: string, more: Cells): Cells => ({
    BilledCost: billed,
    EffectiveCost: effective,
    ListCost: billed,
    BillingCurrency: "EUR",
    BillingPeriodStart: "2026-08-01T00:00:00Z",
    ChargePeriodStart: "2026-08-01T00:00:00Z",
    ChargeCategory: "Usage",
    ChargeDescription: what,
    ServiceName: "Virtual Machines",
    ProviderName: "Microsoft",
    PricingQuantity: "1",
    SubAccountId: ACCOUNT,
    ...more,
  });
  const purchase = { ChargeCategory: "Purchase" };
  const rows = [
    line("usage", "50", "50", {}),
    line("used", "0", "60.25", { CommitmentDiscountId: PLAN, CommitmentDiscountStatus: "Used" }),
    line("unused", "0", "39.75", {
      CommitmentDiscountId: PLAN,
      CommitmentDiscountStatus: "Unused",
    }),
    line("plan purchase", "100", "100", { ...purchase, CommitmentDiscountId: PLAN }),
    line("reservation purchase", "30", "7.123456789012345678", {
      ...purchase,
      CommitmentDiscountId: RESERVATION,
    }),
    line("right purchase", "20", "0", { ...purchase, CommitmentDiscountId: RESERVATION }),
    line("marketplace", "3", "3", purchase),
    line("another provider's", "9", "9", {
      ...purchase,
      CommitmentDiscountId: "arn:sp",
      ProviderName: "AWS",
    }),
  ];
  const repaired = "107.123456789012345678";

  it("get a second line that names the defect; totals show with and without", () =>
    withFolder(async (folder) => {
      await writeTree(
        join(folder, "exports"),
        exportRun({
          name: "daily",
          type: "FocusCost",
          month: "2026-08",
          run: runId(1),
          submitted: "2026-09-10T06:00:00",
          parts: [part("part_0.csv", columns, rows)],
        }),
      );
      await take(folder);
      const built = await publish(folder);
      expect(built.months[0]?.checks.filter((check) => !check.ok)).toEqual([]);
      const { lines, reconciliation, statement } = await published(folder, "2026-08");
      expect(lines).toHaveLength(rows.length + 2);
      const written = lines.filter((row) => row["x_adjustment"] === null);
      expect(
        written
          .map((row) => [row["charge_description"], trimmed(row["effective_cost"] ?? null)])
          .toSorted(byText),
      ).toEqual(
        rows.map((row) => [row["ChargeDescription"], row["EffectiveCost"]]).toSorted(byText),
      );
      const repairs = lines.filter((row) => row["x_adjustment"] !== null);
      expect(
        repairs
          .map((row) => [
            row["charge_description"],
            row["x_adjustment"],
            trimmed(row["billed_cost"] ?? null),
            trimmed(row["effective_cost"] ?? null),
            trimmed(row["list_cost"] ?? null),
            row["contracted_cost"],
            trimmed(row["pricing_quantity"] ?? null),
          ])
          .toSorted(byText),
      ).toEqual([
        ["plan purchase", "InvalidEffectiveCost", "0", "-100", "0", null, "0"],
        [
          "reservation purchase",
          "InvalidEffectiveCost",
          "0",
          "-7.123456789012345678",
          "0",
          null,
          "0",
        ],
      ]);
      const row = (measure: string) =>
        reconciliation.find((entry) => entry["measure"] === measure) as StoredLine;
      const imported = added(...rows.map((cells) => cells["EffectiveCost"] ?? ""));
      const attributed = added(imported, `-${repaired}`);
      expect(trimmed(row("effective")["imported"] ?? null)).toBe(imported);
      expect(trimmed(row("effective")["adjusted"] ?? null)).toBe(`-${repaired}`);
      expect(trimmed(row("effective")["attributed"] ?? null)).toBe(attributed);
      expect(trimmed(row("effective")["difference"] ?? null)).toBe("0");
      expect(trimmed(row("billed")["imported"] ?? null)).toBe("212");
      expect(trimmed(row("billed")["adjusted"] ?? null)).toBe("0");
      expect(trimmed(row("billed")["attributed"] ?? null)).toBe("212");
      expect(trimmed(row("list")["attributed"] ?? null)).toBe("212");
      expect(row("contracted")).toMatchObject({ imported: null, attributed: null });
      expect(added(...statement.map((entry) => entry["EffectiveCost"] ?? ""))).toBe(attributed);
      expect(added(...statement.map((entry) => entry["BilledCost"] ?? ""))).toBe("212");
    }));
});
