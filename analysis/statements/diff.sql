-- What two states of a month differ in, by team, service and line. Grain: all columns but the amounts.
-- Reads: was_entry, now_entry. Read by: close, for the diff of a statement. Rows in byte order.
-- Every entry of both is in the sums, so the changes add up to the difference of the statements.
WITH
sides AS (
  SELECT *, 1 AS is_now FROM now_entry
  UNION ALL
  SELECT *, 0 AS is_now FROM was_entry
),
summed AS (
  SELECT
    currency AS currency,
    business_unit AS business_unit,
    cost_center AS cost_center,
    team AS team,
    service AS service,
    bucket AS bucket,
    CAST(day AS VARCHAR) AS day,
    resource AS resource,
    description AS description,
    cluster AS cluster,
    namespace AS namespace,
    coalesce(sum(effective) FILTER (is_now = 0), 0) AS was_effective,
    coalesce(sum(effective) FILTER (is_now = 1), 0) AS now_effective,
    coalesce(sum(billed) FILTER (is_now = 0), 0) AS was_billed,
    coalesce(sum(billed) FILTER (is_now = 1), 0) AS now_billed,
    coalesce(sum(list) FILTER (is_now = 0), 0) AS was_list,
    coalesce(sum(list) FILTER (is_now = 1), 0) AS now_list
  FROM sides
  GROUP BY
    currency,
    business_unit,
    cost_center,
    team,
    service,
    bucket,
    day,
    resource,
    description,
    cluster,
    namespace
)
SELECT
  currency AS "BillingCurrency",
  business_unit AS "BusinessUnit",
  cost_center AS "CostCenter",
  team AS "Team",
  service AS "ServiceName",
  bucket AS "Bucket",
  day AS "ChargeDay",
  resource AS "ResourceId",
  description AS "ChargeDescription",
  cluster AS "Cluster",
  namespace AS "Namespace",
  was_effective AS "EffectiveCostBefore",
  now_effective AS "EffectiveCost",
  now_effective - was_effective AS "EffectiveCostChange",
  was_billed AS "BilledCostBefore",
  now_billed AS "BilledCost",
  now_billed - was_billed AS "BilledCostChange",
  was_list AS "ListCostBefore",
  now_list AS "ListCost",
  now_list - was_list AS "ListCostChange"
FROM summed
WHERE was_effective <> now_effective
  OR was_billed <> now_billed
  OR was_list <> now_list
ORDER BY
  encode(currency),
  encode(team),
  encode(service),
  encode(business_unit),
  encode(cost_center),
  encode(bucket),
  day,
  encode(resource),
  encode(description),
  encode(cluster),
  encode(namespace)
