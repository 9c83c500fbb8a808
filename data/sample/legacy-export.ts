import type { Month } from "./calendar.ts";
import { ENROLMENT_COLUMNS } from "./columns.ts";
import { row } from "./csv.ts";
import { plain } from "./decimal.ts";
import { quantityText } from "./bill.ts";
import type { Line } from "./model.ts";
import { hex } from "./random.ts";
import type { ExportDefinition } from "./tree.ts";
import { american, consumedOfHour, resourceIdOf, spelled, tagsBare } from "./written.ts";

const ENROLMENT = "6041187";
const SCOPE = `/providers/Microsoft.Billing/billingAccounts/${ENROLMENT}`;

/** The two halves of the acquired company's bill. */
export const ACTUAL_EXPORT: ExportDefinition = {
  root: "harbour",
  name: "actual-cost",
  scope: SCOPE,
  type: "ActualCost",
  dataVersion: "2024-08-01",
  gzip: false,
  header: ENROLMENT_COLUMNS.join(","),
};
export const AMORTIZED_EXPORT: ExportDefinition = {
  ...ACTUAL_EXPORT,
  name: "amortized-cost",
  type: "AmortizedCost",
};

/** A line as a row of one half, or null where that half has no such row: purchases are Actual only, unused commitment Amortized only. */
export function legacyRow(line: Line, month: Month, half: "actual" | "amortized"): string | null {
  const { charge } = line;
  const { meter, resource, commitment, kind } = charge;
  if (kind === (half === "actual" ? "unused" : "purchase")) return null;
  const purchase = kind === "purchase";
  const subscription = resource?.subscription ?? (purchase ? commitment?.subscription : undefined);
  const committed = commitment !== undefined;
  // Azure leaves the reservation's own id out of a purchase.
  const benefit =
    commitment === undefined
      ? ""
      : purchase
        ? commitment.id.slice(0, commitment.id.lastIndexOf("/") + 1)
        : commitment.id;
  const free = half === "actual" && kind === "covered";
  const paid = purchase
    ? (commitment?.monthly ?? 0n)
    : (committed ? commitment.price : meter.contracted) * 100_000_000n;
  const cells: Record<string, string> = {
    InvoiceSectionName: "Harbour",
    AccountName: "Harbour IT",
    AccountOwnerId: "billing@harbour-life.example",
    SubscriptionId: subscription?.id ?? "",
    SubscriptionName: subscription?.name ?? "",
    ResourceGroup: spelled(resource?.group ?? "", charge.casing),
    ResourceLocation: "EU West",
    Date: american(line.date),
    ProductName: purchase
      ? `Reserved ${meter.subcategory} - ${meter.name}`
      : `${meter.category} ${meter.subcategory} - ${meter.name} - EU West`,
    MeterCategory: meter.category,
    MeterSubCategory: meter.subcategory,
    MeterId: meter.id,
    MeterName: meter.name,
    MeterRegion: "EU West",
    UnitOfMeasure: meter.unit,
    Quantity: quantityText(line.quantity),
    EffectivePrice: free ? "0" : plain(paid, 18),
    CostInBillingCurrency: half === "actual" ? line.billed.text : line.effective.text,
    CostCenter: "HBL-01",
    ConsumedService: resource?.type.split("/")[0] ?? "Microsoft.Capacity",
    ResourceId: spelled(purchase ? benefit : resourceIdOf(charge), charge.casing),
    Tags: tagsBare(resource),
    OfferId: "MS-AZR-0017P",
    AdditionalInfo: charge.details.replace("%Q%", consumedOfHour(line.quantity)),
    ResourceName: resource?.name ?? "",
    ReservationId:
      commitment === undefined
        ? ""
        : purchase
          ? commitment.order
          : commitment.id.slice(commitment.id.lastIndexOf("/") + 1),
    ReservationName: commitment?.name ?? "",
    UnitPrice: purchase ? plain(paid, 18) : plain(meter.contracted, 10),
    ProductOrderId: commitment?.order ?? "",
    ProductOrderName: commitment?.orderName ?? "",
    Term: committed ? "36" : "",
    PublisherType: "Azure",
    PublisherName: "Microsoft",
    ChargeType: purchase ? "Purchase" : kind === "unused" ? "UnusedReservation" : "Usage",
    Frequency: purchase ? "Recurring" : "UsageBased",
    PricingModel: committed ? "Reservation" : "OnDemand",
    BillingAccountId: ENROLMENT,
    BillingAccountName: "Harbour Life plc",
    BillingCurrencyCode: "EUR",
    BillingPeriodStartDate: american(month.start),
    BillingPeriodEndDate: american(month.end),
    BillingProfileId: ENROLMENT,
    BillingProfileName: "Harbour Life plc",
    InvoiceSectionId: "51033",
    IsAzureCreditEligible: "True",
    PartNumber: `HBL-${hex(`part ${meter.id}`, 5).toUpperCase()}`,
    PayGPrice: committed ? "0" : plain(meter.list, 10),
    PlanName: meter.name,
    ServiceFamily: meter.family,
    benefitId: benefit,
    benefitName: commitment?.name ?? "",
    AccountId: "90211",
    ResourceLocationNormalized: "westeurope",
  };
  return row(ENROLMENT_COLUMNS.map((column) => cells[column] ?? ""));
}
