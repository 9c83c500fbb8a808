import type { Month } from "./calendar.ts";
import { FOCUS_COLUMNS } from "./columns.ts";
import { cell } from "./csv.ts";
import { divide, plain, type Money } from "./decimal.ts";
import { consumedText, quantityText } from "./bill.ts";
import type { Charge, Line } from "./model.ts";
import { guid, hex } from "./random.ts";
import type { ExportDefinition, RunWriter } from "./tree.ts";
import { consumedOfHour, dayAfter, resourceIdOf, spelled, tagsJson } from "./written.ts";

const ENROLMENT = "7310442";
const USD = 10_842n;

export const FOCUS_EXPORT: ExportDefinition = {
  root: "finops",
  name: "focus-daily",
  scope: `/providers/Microsoft.Billing/billingAccounts/${ENROLMENT}`,
  type: "FocusCost",
  dataVersion: "1.2-preview",
  gzip: true,
  header: FOCUS_COLUMNS.join(","),
};

/** Cells that change from line to line; the rest of a row is made once for a charge. */
const SLOTS = [
  "BilledCost",
  "EffectiveCost",
  "ListCost",
  "ContractedCost",
  "x_BilledCostInUsd",
  "x_EffectiveCostInUsd",
  "x_ListCostInUsd",
  "x_ContractedCostInUsd",
  "PricingQuantity",
  "ConsumedQuantity",
  "ChargePeriodStart",
  "ChargePeriodEnd",
  "hour",
] as const;
const HOUR_SLOT = SLOTS.indexOf("hour");

interface Template {
  readonly pieces: readonly Buffer[];
  readonly slots: readonly number[];
}

/** Writes the FOCUS rows of one billing month. */
export class FocusRows {
  readonly #month: Month;
  readonly #templates = new Map<Charge, Template>();
  readonly #nextDay = new Map<string, string>();

  constructor(month: Month) {
    this.#month = month;
  }

  /** Writes a line as a row of 105 cells. */
  write(line: Line, run: RunWriter): void {
    let template = this.#templates.get(line.charge);
    if (template === undefined) {
      template = makeTemplate(line.charge, this.#month);
      this.#templates.set(line.charge, template);
    }
    let next = this.#nextDay.get(line.date);
    if (next === undefined) {
      next = dayAfter(line.date);
      this.#nextDay.set(line.date, next);
    }
    const values = valuesOf(line, next);
    run.addPieces(
      template.pieces,
      template.slots.map((slot) => values[slot] ?? ""),
    );
  }
}

function valuesOf(line: Line, next: string): string[] {
  const { billed, effective, list, contracted, quantity, date } = line;
  const paid = inUsd(billed);
  const pricing = quantityText(quantity);
  return [
    billed.text,
    effective.text,
    list?.text ?? "",
    contracted?.text ?? "",
    paid,
    effective === billed ? paid : inUsd(effective),
    inUsd(list),
    contracted === billed ? paid : inUsd(contracted),
    pricing,
    line.charge.meter.block === 1n ? pricing : consumedText(line.charge, quantity),
    `${date}T00:00:00Z`,
    `${next}T00:00:00Z`,
    consumedOfHour(quantity),
  ];
}

function inUsd(amount: Money | null): string {
  return amount === null ? "" : plain(divide(amount.value * USD, 1_000_000_000_000n), 10);
}

function makeTemplate(charge: Charge, month: Month): Template {
  const values = staticCells(charge, month);
  const pieces: string[] = [];
  const slots: number[] = [];
  let piece = "";
  const put = (slot: number): void => {
    pieces.push(piece);
    slots.push(slot);
    piece = "";
  };
  FOCUS_COLUMNS.forEach((column, index) => {
    if (index > 0) piece += ",";
    const slot = (SLOTS as readonly string[]).indexOf(column);
    if (slot >= 0) return put(slot);
    const [before = "", after] = cell(values[column] ?? "").split("%Q%");
    piece += before;
    if (after === undefined) return;
    put(HOUR_SLOT);
    piece = after;
  });
  pieces.push(piece);
  return { pieces: pieces.map((text) => Buffer.from(text)), slots };
}

const CATEGORY: Record<Charge["kind"], string> = {
  usage: "Usage",
  covered: "Usage",
  unused: "Usage",
  purchase: "Purchase",
  marketplace: "Purchase",
  refund: "Purchase",
  credit: "Credit",
  tax: "Tax",
  rounding: "Adjustment",
};

function staticCells(charge: Charge, month: Month): Record<string, string> {
  return {
    ...billingCells(charge, month),
    ...placeCells(charge),
    ...productCells(charge),
    ...commitmentCells(charge),
  };
}

function billingCells(charge: Charge, month: Month): Record<string, string> {
  const thirdParty = charge.kind === "marketplace";
  return {
    BillingAccountId: `/providers/Microsoft.Billing/billingAccounts/${ENROLMENT}`,
    BillingAccountName: "Northwind Mutual Insurance",
    BillingAccountType: "Billing Account",
    BillingCurrency: "EUR",
    BillingPeriodStart: `${month.start}T00:00:00Z`,
    BillingPeriodEnd: `${month.next}T00:00:00Z`,
    ChargeCategory: CATEGORY[charge.kind],
    ChargeClass: charge.kind === "refund" || charge.kind === "credit" ? "Correction" : "",
    ChargeDescription: charge.description,
    ChargeFrequency:
      charge.kind === "purchase"
        ? "Recurring"
        : charge.kind === "usage" || charge.kind === "covered" || charge.kind === "unused"
          ? "Usage-Based"
          : "One-Time",
    InvoiceIssuerName: "Microsoft",
    ProviderName: "Microsoft",
    PublisherName: charge.publisher ?? "Microsoft",
    PricingCurrency: "EUR",
    x_AccountId: "418822",
    x_AccountName: "Northwind Cloud",
    x_AccountOwnerId: "cloud-owner@northwind.example",
    x_BillingAccountId: ENROLMENT,
    x_BillingAccountName: "Northwind Mutual Insurance",
    x_BillingExchangeRate: "1",
    x_BillingExchangeRateDate: `${month.start}T00:00:00Z`,
    x_BillingProfileId: ENROLMENT,
    x_BillingProfileName: "Northwind Mutual Insurance",
    x_InvoiceSectionId: "-2",
    x_InvoiceSectionName: "Unassigned",
    x_PublisherCategory: thirdParty ? "Vendor" : "Cloud Provider",
    x_PublisherId: charge.publisher === undefined ? "" : hex(charge.publisher, 12),
    x_ServicePeriodStart: `${month.start}T00:00:00Z`,
    x_ServicePeriodEnd: `${month.next}T00:00:00Z`,
    x_SkuIsCreditEligible: thirdParty ? "False" : "True",
  };
}

function placeCells(charge: Charge): Record<string, string> {
  const { resource, commitment } = charge;
  const subscription =
    resource?.subscription ?? (charge.kind === "purchase" ? commitment?.subscription : undefined);
  const id = resourceIdOf(charge);
  const located = id !== "";
  return {
    ResourceId: spelled(id, charge.casing),
    ResourceName: spelled(resource?.name ?? commitment?.name ?? "", charge.casing),
    ResourceType: resource?.type ?? (commitment === undefined ? "" : commitment.kind),
    x_ResourceType: (resource?.type ?? "").toLowerCase(),
    x_ResourceGroupName: spelled(resource?.group ?? "", charge.casing),
    RegionId: located ? "westeurope" : "",
    RegionName: located ? "West Europe" : "",
    SubAccountId: subscription === undefined ? "" : `/subscriptions/${subscription.id}`,
    SubAccountName: subscription?.name ?? "",
    SubAccountType: subscription === undefined ? "" : "Subscription",
    Tags: tagsJson(resource),
    x_SkuDetails: charge.details,
    x_SkuRegion: located ? "EU West" : "",
  };
}

function productCells(charge: Charge): Record<string, string> {
  const { meter, kind, commitment } = charge;
  const priced = kind === "usage" || kind === "covered";
  const effective =
    commitment !== undefined && kind !== "purchase" ? commitment.price : meter.contracted;
  const sku = hex(meter.id, 12).toUpperCase();
  return {
    ServiceCategory: meter.serviceCategory,
    ServiceName: meter.service,
    ServiceSubcategory: meter.subcategory,
    SkuId: sku,
    SkuPriceId: `${sku}_0001`,
    SkuMeter: meter.name,
    PricingUnit: meter.pricingUnit,
    ConsumedUnit: priced ? meter.pricingUnit.replace("/Month", "") : "",
    PricingCategory:
      kind === "tax" || kind === "rounding"
        ? ""
        : kind === "covered" || kind === "unused"
          ? "Committed"
          : "Standard",
    ListUnitPrice: priced ? plain(meter.list, 10) : "",
    ContractedUnitPrice: priced ? plain(meter.contracted, 10) : "",
    x_EffectiveUnitPrice: priced ? plain(effective, 10) : "",
    x_BilledUnitPrice: priced ? (kind === "covered" ? "0" : plain(meter.contracted, 10)) : "",
    x_PricingBlockSize: String(meter.block),
    x_PricingUnitDescription: meter.unit,
    x_PricingSubcategory:
      kind === "covered" || kind === "unused"
        ? `Committed ${commitment?.kind === "Savings Plan" ? "Spend" : "Usage"}`
        : "Standard",
    x_SkuDescription: charge.description,
    x_SkuMeterCategory: meter.category,
    x_SkuMeterSubcategory: meter.subcategory,
    x_SkuMeterId: meter.id,
    x_SkuOfferId: "MS-AZR-0017P",
    x_SkuPartNumber: `NWM-${hex(`part ${meter.id}`, 5).toUpperCase()}`,
    x_SkuServiceFamily: meter.family,
  };
}

function commitmentCells(charge: Charge): Record<string, string> {
  const { commitment, kind } = charge;
  if (commitment === undefined) return {};
  const plan = commitment.kind === "Savings Plan";
  return {
    CommitmentDiscountCategory: plan ? "Spend" : "Usage",
    CommitmentDiscountId: commitment.id.toLowerCase(),
    CommitmentDiscountName: commitment.name,
    CommitmentDiscountStatus: kind === "covered" ? "Used" : kind === "unused" ? "Unused" : "",
    CommitmentDiscountType: commitment.kind,
    x_AmortizationClass: kind === "purchase" ? "Principal" : "Amortized Charge",
    x_SkuOrderId: commitment.order,
    x_SkuOrderName: commitment.orderName,
    x_SkuTerm: plan || commitment.name.startsWith("SQLMI") ? "36" : "12",
    SkuPriceId: `${guid(commitment.order).slice(0, 8)}_0001`,
  };
}
