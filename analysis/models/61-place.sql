-- What the shares of divided lines are added up by. Grain: day, currency, cluster, pool, environment,
-- service, resource. Reads: line_amount. Read by: cluster_spend, checks.
SELECT DISTINCT
  place_id AS place_id,
  day AS day,
  currency AS currency,
  cluster AS cluster,
  pool AS pool,
  environment AS environment,
  service AS service,
  resource AS resource
FROM line_amount
