-- What the pages ask for by day. Grain: charge day, owner, environment, service, bucket, currency.
-- Reads: line. Read by: showback by day, spend_month.
SELECT
  x_day AS day,
  billing_currency AS currency,
  x_team AS team,
  x_business_unit AS business_unit,
  x_owner_cost_center AS cost_center,
  x_environment AS environment,
  service AS service,
  x_bucket AS bucket,
  count(*) AS lines,
  coalesce(sum(billed_cost), 0) AS billed,
  coalesce(sum(effective_cost), 0) AS effective,
  coalesce(sum(list_cost), 0) AS list,
  coalesce(sum(contracted_cost), 0) AS contracted,
  count(*) - count(billed_cost) AS billed_nulls,
  count(*) - count(effective_cost) AS effective_nulls,
  count(*) - count(list_cost) AS list_nulls,
  count(*) - count(contracted_cost) AS contracted_nulls
FROM line
GROUP BY ALL
