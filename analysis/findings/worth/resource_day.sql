-- What machines, disks, addresses, balancers and web plans cost by day. Grain: resource, day, currency.
-- Reads: bill. Read by: resource, the findings of cloud/, finding_day.
-- `hourly` is what ends with the thing: what a commitment covers is paid all the same.
SELECT
  lower(trim(b.resource_id)) AS resource,
  b.x_day AS day,
  b.billing_currency AS currency,
  coalesce(sum(b.effective_cost), 0) AS cost,
  coalesce(sum(CASE WHEN b.commitment_discount_status = 'Used' THEN 0 ELSE b.effective_cost END), 0) AS hourly,
  CAST(coalesce(sum(
    CASE
      WHEN lower(coalesce(nullif(b.x_sku_meter_category, ''), b.service_name)) = 'virtual machines'
        AND contains(lower(coalesce(b.consumed_unit, b.pricing_unit, '')), 'hour')
        AND b.consumed_quantity > 0
        THEN round(CAST(b.consumed_quantity AS DECIMAL(18,6)) * 3600)
    END
  ), 0) AS BIGINT) AS compute_s,
  coalesce(sum(
    CASE
      WHEN lower(coalesce(nullif(b.x_sku_meter_category, ''), b.service_name)) = 'bandwidth'
        THEN b.consumed_quantity
    END
  ), 0) AS sent,
  string_agg(DISTINCT b.sku_meter, ', ' ORDER BY b.sku_meter) AS meters,
  max(b.x_cluster) AS cluster,
  max(nullif(b.resource_name, '')) AS resource_name,
  max(regexp_extract(lower(b.tags), '"(?:replaced|superseded)[-_]?by"\s*:\s*"([^"]+)"', 1)) AS replaced_by
FROM bill AS b
WHERE b.charge_category = 'Usage'
  AND b.x_match NOT IN ('commitment-waste', 'commitment-purchase')
  -- Not by a regular expression: since that may fail, the engine asks it once a line and not once a resource.
  AND (
    b.resource_id ILIKE '%/providers/microsoft.compute/%'
    OR b.resource_id ILIKE '%/providers/microsoft.network/%'
    OR b.resource_id ILIKE '%/providers/microsoft.web/%'
  )
GROUP BY
  lower(trim(b.resource_id)),
  b.x_day,
  b.billing_currency
