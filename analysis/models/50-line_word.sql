-- What many lines say alike, kept once: account, provider, place, pricing, units, where the line came from.
-- Grain: one distinct combination, by word_no; a repaired line's has the number of the line's own, negated.
-- Reads: month_line. Read by: line_fact, line.
-- word_hash finds a combination; that no two share one is checked (line-has-one-owner). billed_from says what a line's billed
-- cost is: of a legacy pair the amortised lines count as billed but for what a commitment covers or leaves
-- unused, and of the actual ones only purchases and refunds of commitments (is_left_out: the rest).
WITH
said AS (
  SELECT DISTINCT
    word_hash AS word_hash,
    commitment_discount_id IS NOT NULL AS is_of_commitment,
    availability_zone AS availability_zone,
    billing_account_id AS billing_account_id,
    billing_account_name AS billing_account_name,
    billing_account_type AS billing_account_type,
    billing_currency AS billing_currency,
    billing_period_end AS billing_period_end,
    billing_period_start AS billing_period_start,
    capacity_reservation_status AS capacity_reservation_status,
    charge_category AS charge_category,
    charge_class AS charge_class,
    charge_frequency AS charge_frequency,
    commitment_discount_category AS commitment_discount_category,
    commitment_discount_status AS commitment_discount_status,
    commitment_discount_type AS commitment_discount_type,
    commitment_discount_unit AS commitment_discount_unit,
    consumed_unit AS consumed_unit,
    invoice_id AS invoice_id,
    invoice_issuer_name AS invoice_issuer_name,
    pricing_category AS pricing_category,
    pricing_currency AS pricing_currency,
    pricing_unit AS pricing_unit,
    provider_name AS provider_name,
    publisher_name AS publisher_name,
    region_id AS region_id,
    region_name AS region_name,
    resource_type AS resource_type,
    service_category AS service_category,
    service_name AS service_name,
    service_subcategory AS service_subcategory,
    sub_account_type AS sub_account_type,
    x_month AS x_month,
    x_dataset AS x_dataset,
    x_sku_meter_category AS x_sku_meter_category,
    x_charge_type AS x_charge_type,
    x_pricing_model AS x_pricing_model,
    x_cost_center AS x_cost_center,
    x_cost_allocation_rule_name AS x_cost_allocation_rule_name,
    x_source AS x_source,
    x_unit AS x_unit,
    x_pair AS x_pair
  FROM month_line
)
SELECT
  CAST(row_number() OVER (ORDER BY word_hash) AS INTEGER) AS word_no,
  word_hash AS word_hash,
  CASE
    WHEN NOT (x_pair AND x_dataset = 'AmortizedCost') THEN 'billed'
    WHEN commitment_discount_status IN ('Used', 'Unused') THEN 'nothing'
    ELSE 'effective'
  END AS billed_from,
  x_pair AND x_dataset = 'ActualCost' AS is_actual_half,
  x_pair
    AND x_dataset = 'ActualCost'
    AND NOT (
      coalesce(x_charge_type, '') IN ('Purchase', 'Refund')
      AND coalesce(x_pricing_model, '') IN ('Reservation', 'SavingsPlan')
    ) AS is_left_out,
  CASE
    WHEN commitment_discount_status = 'Unused' OR coalesce(x_charge_type, '') LIKE 'Unused%'
      THEN 'commitment-waste'
    WHEN charge_category = 'Purchase' AND (is_of_commitment OR pricing_category = 'Committed')
      THEN 'commitment-purchase'
    ELSE 'resource'
  END AS nature,
  is_of_commitment AS is_of_commitment,
  availability_zone AS availability_zone,
  billing_account_id AS billing_account_id,
  billing_account_name AS billing_account_name,
  billing_account_type AS billing_account_type,
  billing_currency AS billing_currency,
  billing_period_end AS billing_period_end,
  billing_period_start AS billing_period_start,
  capacity_reservation_status AS capacity_reservation_status,
  charge_category AS charge_category,
  charge_class AS charge_class,
  charge_frequency AS charge_frequency,
  commitment_discount_category AS commitment_discount_category,
  commitment_discount_status AS commitment_discount_status,
  commitment_discount_type AS commitment_discount_type,
  commitment_discount_unit AS commitment_discount_unit,
  consumed_unit AS consumed_unit,
  invoice_id AS invoice_id,
  invoice_issuer_name AS invoice_issuer_name,
  pricing_category AS pricing_category,
  pricing_currency AS pricing_currency,
  pricing_unit AS pricing_unit,
  provider_name AS provider_name,
  publisher_name AS publisher_name,
  region_id AS region_id,
  region_name AS region_name,
  resource_type AS resource_type,
  service_category AS service_category,
  service_name AS service_name,
  service_subcategory AS service_subcategory,
  sub_account_type AS sub_account_type,
  x_month AS x_month,
  x_dataset AS x_dataset,
  x_sku_meter_category AS x_sku_meter_category,
  x_charge_type AS x_charge_type,
  x_pricing_model AS x_pricing_model,
  x_cost_center AS x_cost_center,
  x_cost_allocation_rule_name AS x_cost_allocation_rule_name,
  x_source AS x_source,
  x_unit AS x_unit,
  x_pair AS x_pair,
  CAST(NULL AS VARCHAR) AS x_adjustment
FROM said
