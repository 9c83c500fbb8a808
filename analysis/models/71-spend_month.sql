-- What every dashboard query reads first: small. Grain: owner, environment, service, bucket, currency,
-- cluster, namespace, policy.
-- Reads: spend. Read by: showback, trend, statement.
SELECT
  $month AS month,
  policy AS policy,
  currency AS currency,
  team AS team,
  business_unit AS business_unit,
  cost_center AS cost_center,
  environment AS environment,
  service AS service,
  bucket AS bucket,
  cluster AS cluster,
  namespace AS namespace,
  CAST(sum(lines) AS BIGINT) AS lines,
  sum(billed) AS billed,
  sum(effective) AS effective,
  sum(list) AS list,
  sum(contracted) AS contracted,
  CAST(sum(billed_nulls) AS BIGINT) AS billed_nulls,
  CAST(sum(effective_nulls) AS BIGINT) AS effective_nulls,
  CAST(sum(list_nulls) AS BIGINT) AS list_nulls,
  CAST(sum(contracted_nulls) AS BIGINT) AS contracted_nulls
FROM spend
GROUP BY ALL
ORDER BY
  cluster,
  namespace
