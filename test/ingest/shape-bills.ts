import { ENROLMENT_COLUMNS, FOCUS_COLUMNS, USAGE_COLUMNS } from "../../data/sample/columns.ts";
import type { Dataset } from "../../ingest/cost/shapes.ts";
import type { Cells } from "./bill.ts";

/** One small bill in every shape Azure writes, with what a person expects to be stored of it. */

const words = (text: string) => text.trim().split(/\s+/);

/** FocusCost 1.0 and 1.0r2: 96 columns. */
export const FOCUS_1_0 = [
  ...FOCUS_COLUMNS.filter(
    (name) =>
      ![
        "CapacityReservationId",
        "CapacityReservationStatus",
        "CommitmentDiscountQuantity",
        "CommitmentDiscountUnit",
        "InvoiceId",
        "PricingCurrency",
        "ServiceSubcategory",
        "SkuMeter",
        "SkuPriceDetails",
        "x_AmortizationClass",
        "x_ServiceModel",
        "x_SkuPlanName",
      ].includes(name),
  ),
  "x_InvoiceId",
  "x_PricingCurrency",
  "x_SkuMeterName",
];

/** FOCUS 1.3 names the two companies anew. */
export const FOCUS_1_3 = FOCUS_COLUMNS.map((name) =>
  name === "ProviderName"
    ? "ServiceProviderName"
    : name === "PublisherName"
      ? "HostProviderName"
      : name,
);

/** An enrolment's export as the portal made it until 2024. */
export const C360 = words(`
  BillingAccountId BillingAccountName BillingPeriodStartDate BillingPeriodEndDate BillingProfileId BillingProfileName AccountOwnerId AccountName
  SubscriptionId SubscriptionName Date Product PartNumber MeterId ServiceFamily MeterCategory MeterSubCategory MeterRegion MeterName Quantity
  EffectivePrice Cost UnitPrice BillingCurrency ResourceLocation AvailabilityZone ConsumedService ResourceId ResourceName ServiceInfo1 ServiceInfo2
  AdditionalInfo Tags InvoiceSectionId InvoiceSection CostCenter UnitOfMeasure ResourceGroup ReservationId ReservationName ProductOrderId
  ProductOrderName OfferId IsAzureCreditEligible Term PublisherName PlanName ChargeType Frequency PublisherType PayGPrice PricingModel
  CostAllocationRuleName benefitId benefitName`);

/** A customer agreement's, 2023-12-01-preview: camel case, but for those that are not. */
export const MCA = words(`
  invoiceId previousInvoiceId billingAccountId billingAccountName billingProfileId billingProfileName invoiceSectionId invoiceSectionName
  resellerName resellerMpnId costCenter billingPeriodEndDate billingPeriodStartDate servicePeriodEndDate servicePeriodStartDate date serviceFamily
  productOrderId productOrderName consumedService meterId meterName meterCategory meterSubCategory meterRegion ProductId ProductName SubscriptionId
  subscriptionName publisherType publisherId publisherName resourceGroupName ResourceId resourceLocation location effectivePrice quantity
  unitOfMeasure chargeType billingCurrency pricingCurrency costInBillingCurrency costInPricingCurrency costInUsd paygCostInBillingCurrency
  paygCostInUsd exchangeRatePricingToBilling exchangeRateDate isAzureCreditEligible serviceInfo1 serviceInfo2 additionalInfo tags PayGPrice
  frequency term reservationId reservationName pricingModel unitPrice costAllocationRuleName benefitId benefitName provider`);

/** A partner agreement's: the customer stands in it, and PricingModel in Pascal case. */
export const MPA = MCA.flatMap((name) =>
  name === "resellerName"
    ? ["partnerTenantId", "partnerName", "resellerName"]
    : name === "costCenter"
      ? ["customerTenantId", "customerName", "costCenter"]
      : name === "PayGPrice"
        ? ["partnerEarnedCreditRate", "partnerEarnedCreditApplied", "PayGPrice"]
        : name === "pricingModel"
          ? ["PricingModel"]
          : name === "costAllocationRuleName"
            ? []
            : [name],
);

export const SUBSCRIPTION = "0aaaaaaa-1111-2222-3333-444444444444";
export const ACCOUNT = `/subscriptions/${SUBSCRIPTION}`;
const DISK = `${ACCOUNT}/resourceGroups/rg-Data/providers/Microsoft.Compute/disks/db-0`;

/** The three ways Azure writes one id inside one file. */
export const CASINGS = [DISK, DISK.toLowerCase(), DISK.toUpperCase()] as const;

interface ShapeBill {
  name: string;
  dataset: Dataset;
  columns: readonly string[];
  rows: Cells[];
  /** Columns that are numbers and times where the file has types. */
  amounts: string[];
  times: string[];
  /** What the second stored line (by amount) must be, column by column. */
  expected: Record<string, string | null>;
}

// Of every amount the shortest text a DOUBLE gives back is what is written here.
const AMOUNTS = ["5.64902E-05", "0.25", "-1.5", "1234567.891", "0.25"] as const;
const TEXTS = [
  "plain",
  'with "quotes", a comma',
  "two\nlines",
  "ünïcödé 漢字",
  'with "quotes", a comma',
];

/** Five lines, of which the second and the last are twins. */
function lines(make: (amount: string, text: string, id: string) => Cells): Cells[] {
  return AMOUNTS.map((amount, n) =>
    make(amount, TEXTS[n] as string, CASINGS[n === 4 ? 1 : n % 3] as string),
  );
}

function focus(names: { seconds: boolean; old: boolean; provider: string; publisher: string }) {
  const z = names.seconds ? ":00Z" : "Z";
  return lines((amount, text, id) => ({
    BilledCost: amount,
    EffectiveCost: amount,
    ListCost: "0.5",
    ContractedCost: "",
    BillingCurrency: "EUR",
    BillingPeriodStart: `2026-08-01T00:00${z}`,
    BillingPeriodEnd: `2026-09-01T00:00${z}`,
    ChargePeriodStart: `2026-08-09T00:00${z}`,
    ChargePeriodEnd: `2026-08-10T00:00${z}`,
    ChargeCategory: "Usage",
    ChargeDescription: text,
    ServiceName: "Storage Accounts",
    ResourceId: id,
    SubAccountId: ACCOUNT,
    Tags: '{"Owner":"claims, \\"ltd\\""}',
    PricingQuantity: "24",
    [names.old ? "x_SkuMeterName" : "SkuMeter"]: "P30 LRS",
    [names.old ? "x_PricingCurrency" : "PricingCurrency"]: "USD",
    [names.old ? "x_InvoiceId" : "InvoiceId"]: "G012",
    [names.provider]: "Microsoft",
    [names.publisher]: "Microsoft",
    x_SkuDetails: '{  "VMName": "pool_0"}',
    x_SkuRegion: "EU West",
  }));
}

const FOCUS_EXPECTED = {
  billed_cost: "0.000056490200000000",
  effective_cost: "0.000056490200000000",
  list_cost: "0.500000000000000000",
  contracted_cost: null,
  billing_currency: "EUR",
  x_month: "2026-08",
  x_day: "2026-08-09",
  charge_period_end: "2026-08-10 00:00:00",
  billing_period_end: "2026-09-01 00:00:00",
  resource_id: CASINGS[0],
  sub_account_id: ACCOUNT,
  sku_meter: "P30 LRS",
  pricing_currency: "USD",
  invoice_id: "G012",
  provider_name: "Microsoft",
  publisher_name: "Microsoft",
  pricing_quantity: "24.000000000000000000",
  tags: '{"Owner":"claims, \\"ltd\\""}',
  x_sku_details: '{  "VMName": "pool_0"}',
};
const FOCUS_TYPES = {
  amounts: ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity"],
  times: ["BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"],
};

interface LegacyNames {
  date: string;
  cost: string;
  currency: string;
  start: string;
  end: string;
  product: string;
  quantity: string;
  group: string;
  charge: string;
  model: string;
  category: string;
  tags: string;
  info: string;
}

function legacy(names: LegacyNames, tags: string): Cells[] {
  return lines((amount, text, id) => ({
    [names.date]: "08/09/2026",
    [names.cost]: amount,
    [names.currency]: "EUR",
    [names.start]: "08/01/2026",
    [names.end]: "08/31/2026",
    [names.product]: text,
    [names.quantity]: "24",
    [names.group]: "rg-Data",
    [names.charge]: "Usage",
    [names.model]: "OnDemand",
    [names.category]: "Storage",
    [names.tags]: tags,
    [names.info]: '{  "VMName": "pool_0"}',
    ResourceId: id,
    SubscriptionId: SUBSCRIPTION.toUpperCase(),
  }));
}

const LEGACY_EXPECTED = {
  list_cost: null,
  contracted_cost: null,
  billing_currency: "EUR",
  x_month: "2026-08",
  x_day: "2026-08-09",
  charge_period_end: "2026-08-10 00:00:00",
  billing_period_start: "2026-08-01 00:00:00",
  billing_period_end: "2026-09-01 00:00:00",
  charge_category: "Usage",
  pricing_category: "Standard",
  pricing_quantity: "24.000000000000000000",
  resource_id: CASINGS[0],
  resource_name: "db-0",
  sub_account_id: ACCOUNT,
  service_name: "Storage",
  charge_description: "plain",
  x_resource_group: "rg-Data",
  x_sku_details: '{  "VMName": "pool_0"}',
};

const ENROLMENT: LegacyNames = {
  date: "Date",
  cost: "CostInBillingCurrency",
  currency: "BillingCurrencyCode",
  start: "BillingPeriodStartDate",
  end: "BillingPeriodEndDate",
  product: "ProductName",
  quantity: "Quantity",
  group: "ResourceGroup",
  charge: "ChargeType",
  model: "PricingModel",
  category: "MeterCategory",
  tags: "Tags",
  info: "AdditionalInfo",
};
const CUSTOMER: LegacyNames = {
  date: "date",
  cost: "costInBillingCurrency",
  currency: "billingCurrency",
  start: "billingPeriodStartDate",
  end: "billingPeriodEndDate",
  product: "ProductName",
  quantity: "quantity",
  group: "resourceGroupName",
  charge: "chargeType",
  model: "pricingModel",
  category: "meterCategory",
  tags: "tags",
  info: "additionalInfo",
};
const BARE = '"Owner": "claims","env": "prod"';
const BRACED = '{"Owner":"claims"}';

const halves = (
  name: string,
  columns: readonly string[],
  names: LegacyNames,
  tags: string,
): ShapeBill[] =>
  (["ActualCost", "AmortizedCost"] as const).map((dataset) => ({
    name: `${dataset}, ${name}`,
    dataset,
    columns,
    rows: legacy(names, tags),
    amounts: [names.cost, names.quantity],
    times: [names.date, names.start, names.end],
    expected: {
      ...LEGACY_EXPECTED,
      tags,
      billed_cost: dataset === "ActualCost" ? "0.000056490200000000" : null,
      effective_cost: dataset === "ActualCost" ? null : "0.000056490200000000",
    },
  }));

/** A column no version of Azure's has had so far. */
export const UNKNOWN = "x_NewIn2027";

const BILLS: readonly ShapeBill[] = [
  {
    name: "FocusCost 1.0, times without seconds",
    dataset: "FocusCost",
    columns: FOCUS_1_0,
    rows: focus({
      seconds: false,
      old: true,
      provider: "ProviderName",
      publisher: "PublisherName",
    }),
    ...FOCUS_TYPES,
    expected: FOCUS_EXPECTED,
  },
  {
    name: "FocusCost 1.0r2",
    dataset: "FocusCost",
    columns: FOCUS_1_0,
    rows: focus({ seconds: true, old: true, provider: "ProviderName", publisher: "PublisherName" }),
    ...FOCUS_TYPES,
    expected: FOCUS_EXPECTED,
  },
  {
    name: "FocusCost 1.2-preview",
    dataset: "FocusCost",
    columns: FOCUS_COLUMNS,
    rows: focus({
      seconds: true,
      old: false,
      provider: "ProviderName",
      publisher: "PublisherName",
    }),
    ...FOCUS_TYPES,
    expected: FOCUS_EXPECTED,
  },
  {
    name: "FOCUS 1.3's names",
    dataset: "FocusCost",
    columns: FOCUS_1_3,
    rows: focus({
      seconds: true,
      old: false,
      provider: "ServiceProviderName",
      publisher: "HostProviderName",
    }),
    ...FOCUS_TYPES,
    expected: FOCUS_EXPECTED,
  },
  ...halves(
    "an enrolment's old portal export",
    C360,
    { ...ENROLMENT, cost: "Cost", currency: "BillingCurrency", product: "Product" },
    BARE,
  ),
  ...halves("an enrolment's 2024-08-01", ENROLMENT_COLUMNS, ENROLMENT, BARE),
  ...halves("a customer agreement's 2023-12-01-preview", MCA, CUSTOMER, BRACED),
  ...halves("a partner agreement's", MPA, { ...CUSTOMER, model: "PricingModel" }, BRACED),
  {
    name: "pay-as-you-go Usage",
    dataset: "Usage",
    columns: USAGE_COLUMNS,
    rows: lines((amount, text, id) => ({
      SubscriptionGuid: SUBSCRIPTION.toUpperCase(),
      ResourceGroup: "rg-Data",
      UsageDateTime: "2026-08-09",
      PreTaxCost: amount,
      Currency: "EUR",
      MeterCategory: "Storage",
      MeterName: text,
      UsageQuantity: "24",
      ResourceType: "Microsoft.Compute/disks",
      InstanceId: id,
      Tags: BRACED,
      AdditionalInfo: '{  "VMName": "pool_0"}',
      OfferId: "MS-AZR-0003P",
    })),
    amounts: ["PreTaxCost", "UsageQuantity"],
    times: ["UsageDateTime"],
    expected: {
      ...LEGACY_EXPECTED,
      billed_cost: "0.000056490200000000",
      effective_cost: "0.000056490200000000",
      charge_description: "Storage - plain",
      resource_type: "microsoft.compute/disks",
      tags: BRACED,
    },
  },
];

export const SHAPE_BILLS: readonly ShapeBill[] = BILLS.map((bill) => ({
  ...bill,
  columns: [...bill.columns, UNKNOWN],
  rows: bill.rows.map((row) => ({ ...row, [UNKNOWN]: "kept as written" })),
}));
