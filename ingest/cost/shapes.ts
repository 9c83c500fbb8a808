import type { LineColumn } from "../../data/line-columns.ts";

/**
 * The shapes a bill comes in, and how each column of a stored line is read from one. Column names
 * are looked up without regard to case, by name and never by position; several names are
 * alternatives, the first present wins. Mapping of the legacy shapes to FOCUS: finops-toolkit,
 * "Convert cost and usage data to FOCUS".
 */

export type Dataset = "FocusCost" | "ActualCost" | "AmortizedCost" | "Usage";

/** An SQL expression over raw text; `{A|B}` is the column A or else B, NULL where neither is. */
type Expression = string;

export interface Shape {
  name: "focus" | "legacy" | "payg";
  /** Each entry must be present under one of its names. */
  mandatory: readonly (readonly string[])[];
  /** Names that tell this shape from the others. */
  marks: readonly string[];
  /** The raw text of the amount a rejected row is reported with. */
  amount: Expression;
  currency: Expression;
  columns: Partial<Record<LineColumn, Expression>>;
  /**
   * Azure's own columns that nothing here uses; the landed file has them. What is in no list is
   * unknown and kept: writing every known one as well costs half as much again as reading the file.
   */
  dropped: readonly string[];
}

const pick = (...names: string[]) => `{${names.join("|")}}`;
const money = (...names: string[]) => `money(${pick(...names)})`;
const iso = (...names: string[]) => `sane_time(iso_time(${pick(...names)}))`;
const us = (...names: string[]) => `sane_time(us_time(${pick(...names)}))`;

const FOCUS: Shape = {
  name: "focus",
  mandatory: [
    ["BilledCost"],
    ["EffectiveCost"],
    ["BillingCurrency"],
    ["BillingPeriodStart"],
    ["ChargePeriodStart"],
    ["ChargeCategory"],
    ["ServiceName"],
  ],
  marks: ["BilledCost", "EffectiveCost", "ChargePeriodStart"],
  amount: pick("BilledCost"),
  currency: pick("BillingCurrency"),
  columns: {
    availability_zone: pick("AvailabilityZone"),
    billed_cost: money("BilledCost"),
    billing_account_id: pick("BillingAccountId"),
    billing_account_name: pick("BillingAccountName"),
    billing_account_type: pick("BillingAccountType"),
    billing_currency: pick("BillingCurrency"),
    billing_period_end: iso("BillingPeriodEnd"),
    billing_period_start: iso("BillingPeriodStart"),
    capacity_reservation_id: pick("CapacityReservationId"),
    capacity_reservation_status: pick("CapacityReservationStatus"),
    charge_category: pick("ChargeCategory"),
    charge_class: pick("ChargeClass"),
    charge_description: pick("ChargeDescription"),
    charge_frequency: pick("ChargeFrequency"),
    charge_period_end: iso("ChargePeriodEnd"),
    charge_period_start: iso("ChargePeriodStart"),
    commitment_discount_category: pick("CommitmentDiscountCategory"),
    commitment_discount_id: pick("CommitmentDiscountId"),
    commitment_discount_name: pick("CommitmentDiscountName"),
    commitment_discount_quantity: money("CommitmentDiscountQuantity"),
    commitment_discount_status: pick("CommitmentDiscountStatus"),
    commitment_discount_type: pick("CommitmentDiscountType"),
    commitment_discount_unit: pick("CommitmentDiscountUnit"),
    consumed_quantity: money("ConsumedQuantity"),
    consumed_unit: pick("ConsumedUnit"),
    contracted_cost: money("ContractedCost"),
    contracted_unit_price: money("ContractedUnitPrice"),
    effective_cost: money("EffectiveCost"),
    invoice_id: pick("InvoiceId", "x_InvoiceId"),
    invoice_issuer_name: pick("InvoiceIssuerName", "InvoiceIssuer"),
    list_cost: money("ListCost"),
    list_unit_price: money("ListUnitPrice"),
    pricing_category: pick("PricingCategory"),
    pricing_currency: pick("PricingCurrency", "x_PricingCurrency"),
    pricing_currency_contracted_unit_price: money("PricingCurrencyContractedUnitPrice"),
    pricing_currency_effective_cost: money("PricingCurrencyEffectiveCost"),
    pricing_currency_list_unit_price: money("PricingCurrencyListUnitPrice"),
    pricing_quantity: money("PricingQuantity"),
    pricing_unit: pick("PricingUnit"),
    provider_name: pick("ProviderName", "ServiceProviderName"),
    publisher_name: pick("PublisherName", "HostProviderName"),
    region_id: pick("RegionId", "Region"),
    region_name: pick("RegionName"),
    resource_id: pick("ResourceId"),
    resource_name: pick("ResourceName"),
    resource_type: pick("ResourceType"),
    service_category: pick("ServiceCategory"),
    service_name: pick("ServiceName"),
    service_subcategory: pick("ServiceSubcategory"),
    sku_id: pick("SkuId"),
    sku_meter: pick("SkuMeter", "x_SkuMeterName"),
    sku_price_details: pick("SkuPriceDetails"),
    sku_price_id: pick("SkuPriceId"),
    sub_account_id: pick("SubAccountId"),
    sub_account_name: pick("SubAccountName"),
    sub_account_type: pick("SubAccountType"),
    tags: pick("Tags"),
    x_resource_group: pick("x_ResourceGroupName"),
    x_sku_details: pick("x_SkuDetails"),
    x_sku_meter_category: pick("x_SkuMeterCategory"),
    x_cost_center: pick("x_CostCenter"),
    x_cost_allocation_rule_name: pick("x_CostAllocationRuleName"),
    x_effective_unit_price: money("x_EffectiveUnitPrice"),
  },
  dropped: [
    "x_BilledCostInUsd",
    "x_ContractedCostInUsd",
    "x_EffectiveCostInUsd",
    "x_ListCostInUsd",
  ],
};

const COST = ["CostInBillingCurrency", "Cost"];
// Unused commitments of older exports name no subscription but this one.
const SUBSCRIPTION = `nullif(${pick("SubscriptionId", "SubscriptionGuid")}, '00000000-0000-0000-0000-000000000000')`;

// What only follows from these in FOCUS's words is worked out when lines are read: data/stored-line.sql.
const LEGACY: Shape = {
  name: "legacy",
  mandatory: [
    ["Date"],
    COST,
    ["BillingCurrencyCode", "BillingCurrency"],
    ["ChargeType"],
    ["PricingModel"],
    ["MeterCategory"],
    ["ResourceId"],
  ],
  marks: ["ChargeType", "MeterCategory", "Date"],
  amount: pick(...COST),
  currency: pick("BillingCurrencyCode", "BillingCurrency"),
  columns: {
    availability_zone: pick("AvailabilityZone"),
    billing_account_id: pick("BillingAccountId"),
    billing_account_name: pick("BillingAccountName"),
    billing_currency: pick("BillingCurrencyCode", "BillingCurrency"),
    billing_period_end: `${us("BillingPeriodEndDate")} + INTERVAL 1 DAY`,
    billing_period_start: us("BillingPeriodStartDate"),
    charge_description: pick("ProductName", "Product"),
    charge_frequency: pick("Frequency"),
    charge_period_start: us("Date"),
    commitment_discount_id: `coalesce(${pick("BenefitId")}, ${pick("ReservationId")})`,
    commitment_discount_name: `coalesce(${pick("BenefitName")}, ${pick("ReservationName")})`,
    contracted_unit_price: money("UnitPrice"),
    invoice_id: pick("InvoiceId"),
    list_unit_price: money("PayGPrice"),
    pricing_currency: pick("PricingCurrency", "BillingCurrencyCode", "BillingCurrency"),
    pricing_quantity: money("Quantity"),
    pricing_unit: pick("UnitOfMeasure"),
    publisher_name: pick("PublisherName"),
    region_id: pick("ResourceLocationNormalized", "ResourceLocation"),
    region_name: pick("ResourceLocation", "MeterRegion"),
    resource_id: pick("ResourceId"),
    resource_name: pick("ResourceName"),
    service_name: pick("MeterCategory"),
    service_subcategory: pick("MeterSubCategory"),
    sku_id: pick("ProductId", "PartNumber"),
    sku_meter: pick("MeterName"),
    sku_price_id: pick("MeterId"),
    sub_account_id: SUBSCRIPTION,
    sub_account_name: pick("SubscriptionName"),
    tags: pick("Tags"),
    x_resource_group: pick("ResourceGroup", "ResourceGroupName"),
    x_sku_details: pick("AdditionalInfo"),
    x_charge_type: pick("ChargeType"),
    x_pricing_model: pick("PricingModel"),
    x_cost_center: pick("CostCenter"),
    x_cost_allocation_rule_name: pick("CostAllocationRuleName"),
    x_effective_unit_price: money("EffectivePrice"),
  },
  dropped: [
    "AccountId",
    "AccountName",
    "AccountOwnerId",
    "BillingProfileId",
    "BillingProfileName",
    "ConsumedService",
    "CostInPricingCurrency",
    "CostInUsd",
    "CustomerName",
    "CustomerTenantId",
    "ExchangeRateDate",
    "ExchangeRatePricingToBilling",
    "InvoiceSectionId",
    "IsAzureCreditEligible",
    "Location",
    "MeterRegion",
    "OfferId",
    "PartnerEarnedCreditApplied",
    "PartnerEarnedCreditRate",
    "PartnerName",
    "PartnerTenantId",
    "PaygCostInBillingCurrency",
    "PaygCostInUsd",
    "PlanName",
    "PreviousInvoiceId",
    "ProductOrderId",
    "ProductOrderName",
    "Provider",
    "PublisherId",
    "PublisherType",
    "ResellerMpnId",
    "ResellerName",
    "ServiceFamily",
    "ServiceInfo1",
    "ServiceInfo2",
    "ServicePeriodEndDate",
    "ServicePeriodStartDate",
    "Term",
  ],
};

const PAYG: Shape = {
  name: "payg",
  mandatory: [
    ["UsageDateTime", "UsageDate"],
    ["PreTaxCost"],
    ["Currency"],
    ["MeterCategory"],
    ["InstanceId"],
    ["SubscriptionGuid"],
  ],
  marks: ["PreTaxCost", "UsageDateTime"],
  amount: pick("PreTaxCost"),
  currency: pick("Currency"),
  columns: {
    billed_cost: money("PreTaxCost"),
    effective_cost: money("PreTaxCost"),
    billing_currency: pick("Currency"),
    charge_category: "'Usage'",
    charge_description: `concat_ws(' - ', ${pick("MeterCategory")}, ${pick("MeterName")})`,
    charge_frequency: "'Usage-Based'",
    charge_period_end: `date_trunc('day', ${us("UsageDateTime", "UsageDate")}) + INTERVAL 1 DAY`,
    charge_period_start: us("UsageDateTime", "UsageDate"),
    contracted_unit_price: money("ResourceRate"),
    invoice_issuer_name: "'Microsoft'",
    pricing_category: "'Standard'",
    pricing_currency: pick("Currency"),
    pricing_quantity: money("UsageQuantity"),
    pricing_unit: pick("UnitOfMeasure"),
    provider_name: "'Microsoft'",
    publisher_name: "'Microsoft'",
    region_id: `lower(replace(${pick("ResourceLocation")}, ' ', ''))`,
    region_name: pick("MeterRegion", "ResourceLocation"),
    resource_id: pick("InstanceId"),
    resource_name: `nullif(parse_filename(${pick("InstanceId")}), '')`,
    resource_type: `lower(${pick("ResourceType")})`,
    service_category: "'Other'",
    service_name: pick("MeterCategory"),
    service_subcategory: pick("MeterSubCategory"),
    sku_meter: pick("MeterName"),
    sku_price_id: pick("MeterId"),
    sub_account_id: `'/subscriptions/' || lower(${SUBSCRIPTION})`,
    sub_account_type: "'Subscription'",
    tags: pick("Tags"),
    x_resource_group: pick("ResourceGroup"),
    x_sku_details: pick("AdditionalInfo"),
    x_sku_meter_category: pick("MeterCategory"),
    x_charge_type: "'Usage'",
  },
  dropped: [],
};

export const SHAPES: readonly Shape[] = [FOCUS, LEGACY, PAYG];
