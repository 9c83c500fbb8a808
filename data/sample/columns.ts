/** FocusCost 1.2-preview: 105 columns in the order Azure writes them. */
export const FOCUS_COLUMNS: readonly string[] = `
  BilledCost BillingAccountId BillingAccountName BillingAccountType BillingCurrency BillingPeriodEnd BillingPeriodStart CapacityReservationId
  CapacityReservationStatus ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart CommitmentDiscountCategory
  CommitmentDiscountId CommitmentDiscountName CommitmentDiscountQuantity CommitmentDiscountStatus CommitmentDiscountType CommitmentDiscountUnit
  ConsumedQuantity ConsumedUnit ContractedCost ContractedUnitPrice EffectiveCost InvoiceId InvoiceIssuerName ListCost ListUnitPrice PricingCategory
  PricingCurrency PricingQuantity PricingUnit ProviderName PublisherName RegionId RegionName ResourceId ResourceName ResourceType ServiceCategory
  ServiceName ServiceSubcategory SkuId SkuMeter SkuPriceDetails SkuPriceId SubAccountId SubAccountName SubAccountType Tags x_AccountId x_AccountName
  x_AccountOwnerId x_AmortizationClass x_BilledCostInUsd x_BilledUnitPrice x_BillingAccountId x_BillingAccountName x_BillingExchangeRate
  x_BillingExchangeRateDate x_BillingProfileId x_BillingProfileName x_ContractedCostInUsd x_CostAllocationRuleName x_CostCenter x_CustomerId
  x_CustomerName x_EffectiveCostInUsd x_EffectiveUnitPrice x_InvoiceIssuerId x_InvoiceSectionId x_InvoiceSectionName x_ListCostInUsd
  x_PartnerCreditApplied x_PartnerCreditRate x_PricingBlockSize x_PricingSubcategory x_PricingUnitDescription x_PublisherCategory x_PublisherId
  x_ResellerId x_ResellerName x_ResourceGroupName x_ResourceType x_ServiceModel x_ServicePeriodEnd x_ServicePeriodStart x_SkuDescription x_SkuDetails
  x_SkuIsCreditEligible x_SkuMeterCategory x_SkuMeterId x_SkuMeterSubcategory x_SkuOfferId x_SkuOrderId x_SkuOrderName x_SkuPartNumber x_SkuPlanName
  x_SkuRegion x_SkuServiceFamily x_SkuTerm x_SkuTier
`
  .trim()
  .split(/\s+/);

/** ActualCost and AmortizedCost of an enterprise enrolment, 2024-08-01: 57 columns. */
export const ENROLMENT_COLUMNS: readonly string[] = `
  InvoiceSectionName AccountName AccountOwnerId SubscriptionId SubscriptionName ResourceGroup ResourceLocation Date ProductName MeterCategory
  MeterSubCategory MeterId MeterName MeterRegion UnitOfMeasure Quantity EffectivePrice CostInBillingCurrency CostCenter ConsumedService ResourceId Tags
  OfferId AdditionalInfo ServiceInfo1 ServiceInfo2 ResourceName ReservationId ReservationName UnitPrice ProductOrderId ProductOrderName Term
  PublisherType PublisherName ChargeType Frequency PricingModel AvailabilityZone BillingAccountId BillingAccountName BillingCurrencyCode
  BillingPeriodStartDate BillingPeriodEndDate BillingProfileId BillingProfileName InvoiceSectionId IsAzureCreditEligible PartNumber PayGPrice PlanName
  ServiceFamily CostAllocationRuleName benefitId benefitName AccountId ResourceLocationNormalized
`
  .trim()
  .split(/\s+/);

/** Usage of a pay-as-you-go subscription, 2019-11-01: 24 columns. */
export const USAGE_COLUMNS: readonly string[] = `
  SubscriptionGuid ResourceGroup ResourceLocation UsageDateTime MeterCategory MeterSubCategory MeterId MeterName MeterRegion UsageQuantity ResourceRate
  PreTaxCost ConsumedService ResourceType InstanceId Tags OfferId AdditionalInfo ServiceInfo1 ServiceInfo2 ServiceName ServiceTier Currency
  UnitOfMeasure
`
  .trim()
  .split(/\s+/);
