-- What two states of a month's bill differ in, by line. Grain: currency, subscription, service, what was
-- paid for, charge day, resource, description. Reads: was_bill, now_bill. Read by: close. Rows in byte order.
WITH
sides AS (
  SELECT *, 1 AS is_now FROM now_bill
  UNION ALL
  SELECT *, 0 AS is_now FROM was_bill
),
summed AS (
  SELECT
    currency AS currency,
    subscription AS subscription,
    service AS service,
    paid_for AS paid_for,
    CAST(day AS VARCHAR) AS day,
    resource AS resource,
    description AS description,
    count(*) FILTER (is_now = 0) AS was_lines,
    count(*) FILTER (is_now = 1) AS now_lines,
    coalesce(sum(effective) FILTER (is_now = 0), 0) AS was_effective,
    coalesce(sum(effective) FILTER (is_now = 1), 0) AS now_effective,
    coalesce(sum(billed) FILTER (is_now = 0), 0) AS was_billed,
    coalesce(sum(billed) FILTER (is_now = 1), 0) AS now_billed,
    coalesce(sum(list) FILTER (is_now = 0), 0) AS was_list,
    coalesce(sum(list) FILTER (is_now = 1), 0) AS now_list
  FROM sides
  GROUP BY
    currency,
    subscription,
    service,
    paid_for,
    day,
    resource,
    description
)
SELECT
  currency AS "BillingCurrency",
  subscription AS "SubAccountId",
  service AS "ServiceName",
  paid_for AS "x_Match",
  day AS "ChargeDay",
  resource AS "ResourceId",
  description AS "ChargeDescription",
  was_lines AS "LinesBefore",
  now_lines AS "Lines",
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
  encode(subscription),
  encode(service),
  encode(paid_for),
  day,
  encode(resource),
  encode(description)
