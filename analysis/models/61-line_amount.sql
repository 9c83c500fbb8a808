-- What a split's lines cost, measure by measure, alike lines together. Grain: split, currency,
-- service, environment, resource, measure, amount. Reads: line, cluster_line. Read by: share, cluster_spend.
WITH
lines AS (
  SELECT
    hash(c.split_kind, c.cluster, c.split_key, c.day) AS split_id,
    l.x_day AS day,
    c.cluster AS cluster,
    l.billing_currency AS currency,
    l.service AS service,
    l.x_environment AS environment,
    c.resource_key AS resource,
    l.billed_cost AS billed,
    l.effective_cost AS effective,
    l.list_cost AS list,
    l.contracted_cost AS contracted
  FROM line AS l
  JOIN cluster_line AS c
    ON c.line_id = l.line_id
),
measures AS (
  SELECT split_id, day, cluster, currency, service, environment, resource, 'billed' AS measure, billed AS amount FROM lines
  UNION ALL
  SELECT split_id, day, cluster, currency, service, environment, resource, 'effective', effective FROM lines
  UNION ALL
  SELECT split_id, day, cluster, currency, service, environment, resource, 'list', list FROM lines
  UNION ALL
  SELECT split_id, day, cluster, currency, service, environment, resource, 'contracted', contracted FROM lines
)
SELECT
  split_id AS split_id,
  day AS day,
  cluster AS cluster,
  currency AS currency,
  service AS service,
  environment AS environment,
  resource AS resource,
  measure AS measure,
  abs(units_of(amount)) AS units,
  sign(amount) AS sign,
  count(*) AS lines
FROM measures
GROUP BY ALL
