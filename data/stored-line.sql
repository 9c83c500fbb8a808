-- Stored lines as they read: what a line of a legacy export says in FOCUS's words only follows from what
-- it says in Azure's, and is worked out here and not written with every row (docs/decisions/0007).
-- Grain: one bill line. Reads: lines as written (the slot). Read by: analysis/inputs.ts.
-- Files of earlier versions have these columns filled; the same comes out.
SELECT
  l.* EXCLUDE (is_legacy, is_usage, is_committed, is_unused) REPLACE (
    CASE
      WHEN NOT is_legacy THEN billing_account_type
      ELSE 'Billing Account'
    END AS billing_account_type,
    CASE
      WHEN NOT is_legacy THEN charge_category
      WHEN is_usage OR is_unused THEN 'Usage'
      WHEN x_charge_type IN ('Purchase', 'Tax', 'Credit', 'Adjustment') THEN x_charge_type
      WHEN x_charge_type = 'RoundingAdjustment' THEN 'Adjustment'
      WHEN x_charge_type = 'Refund' AND is_committed THEN 'Purchase'
      ELSE 'Usage'
    END AS charge_category,
    CASE
      WHEN NOT is_legacy THEN charge_class
      WHEN x_charge_type = 'Refund' THEN 'Correction'
    END AS charge_class,
    CASE
      WHEN is_legacy AND charge_frequency = 'OneTime' THEN 'One-Time'
      WHEN is_legacy AND charge_frequency = 'UsageBased' THEN 'Usage-Based'
      ELSE charge_frequency
    END AS charge_frequency,
    CASE
      WHEN NOT is_legacy THEN charge_period_end
      ELSE charge_period_start + INTERVAL 1 DAY
    END AS charge_period_end,
    CASE
      WHEN NOT is_legacy THEN commitment_discount_category
      WHEN x_pricing_model = 'Reservation' THEN 'Usage'
      WHEN x_pricing_model = 'SavingsPlan' THEN 'Spend'
    END AS commitment_discount_category,
    CASE
      WHEN NOT is_legacy OR is_committed OR is_unused THEN commitment_discount_id
    END AS commitment_discount_id,
    CASE
      WHEN NOT is_legacy OR is_committed OR is_unused THEN commitment_discount_name
    END AS commitment_discount_name,
    CASE
      WHEN NOT is_legacy THEN commitment_discount_status
      WHEN is_unused THEN 'Unused'
      WHEN is_usage AND is_committed THEN 'Used'
    END AS commitment_discount_status,
    CASE
      WHEN NOT is_legacy THEN commitment_discount_type
      WHEN x_pricing_model = 'Reservation' THEN 'Reservation'
      WHEN x_pricing_model = 'SavingsPlan' THEN 'Savings Plan'
    END AS commitment_discount_type,
    CASE
      WHEN NOT is_legacy THEN invoice_issuer_name
      ELSE 'Microsoft'
    END AS invoice_issuer_name,
    CASE
      WHEN NOT is_legacy THEN pricing_category
      WHEN is_committed THEN 'Committed'
      WHEN x_pricing_model = 'Spot' THEN 'Dynamic'
      WHEN x_pricing_model IS NOT NULL THEN 'Standard'
    END AS pricing_category,
    CASE
      WHEN NOT is_legacy THEN provider_name
      ELSE 'Microsoft'
    END AS provider_name,
    CASE
      WHEN NOT is_legacy THEN publisher_name
      ELSE coalesce(publisher_name, 'Microsoft')
    END AS publisher_name,
    CASE
      WHEN NOT is_legacy THEN region_id
      ELSE lower(replace(region_id, ' ', ''))
    END AS region_id,
    CASE
      WHEN NOT is_legacy OR resource_name IS NOT NULL THEN resource_name
      -- A purchase ends in a slash: Azure leaves the reservation's own id out.
      ELSE coalesce(nullif(parse_filename(resource_id), ''), commitment_discount_name)
    END AS resource_name,
    CASE
      WHEN NOT is_legacy THEN service_category
      ELSE 'Other'
    END AS service_category,
    CASE
      WHEN NOT is_legacy OR starts_with(sub_account_id, '/subscriptions/') THEN sub_account_id
      ELSE '/subscriptions/' || lower(sub_account_id)
    END AS sub_account_id,
    CASE
      WHEN NOT is_legacy THEN sub_account_type
      WHEN sub_account_id IS NOT NULL THEN 'Subscription'
    END AS sub_account_type,
    CASE
      WHEN NOT is_legacy THEN x_sku_meter_category
      ELSE service_name
    END AS x_sku_meter_category
  )
FROM (
  SELECT
    *,
    x_dataset IN ('ActualCost', 'AmortizedCost') AS is_legacy,
    coalesce(x_charge_type = 'Usage', false) AS is_usage,
    coalesce(x_pricing_model IN ('Reservation', 'SavingsPlan'), false) AS is_committed,
    coalesce(starts_with(x_charge_type, 'Unused'), false) AS is_unused
  FROM {{written}}
) AS l
