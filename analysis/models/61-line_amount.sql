-- Lines that are divided: of each measure how often its split's whole goes into it, and what is left over.
-- Grain: one bill line. Reads: line, cluster_line, split, split_whole. Read by: place, cluster_spend, checks.
-- place_id: what the shares of lines are added up by; that no two places share one is checked.
WITH
lines AS (
  SELECT
    l.line_id AS line_id,
    hash(c.split_kind, c.cluster, c.split_key, c.day) AS split_id,
    l.billing_currency AS currency,
    l.x_environment AS environment,
    l.service AS service,
    c.resource_key AS resource,
    l.billed_cost AS billed,
    l.effective_cost AS effective,
    l.list_cost AS list,
    l.contracted_cost AS contracted
  FROM line AS l
  JOIN cluster_line AS c
    ON c.line_id = l.line_id
  WHERE l.x_bucket = '__split__'
)
SELECT
  l.*,
  p.day AS day,
  p.cluster AS cluster,
  p.pool AS pool,
  hash(p.day, l.currency, p.cluster, p.pool, l.environment, l.service, l.resource) AS place_id,
  w.whole AS whole,
  times_in(l.effective, w.whole) AS effective_times,
  rest_in(l.effective, w.whole) AS effective_rest,
  -- Most lines cost the same in several measures, and are divided once for them.
  coalesce(l.billed = l.effective, false) AS billed_alike,
  CASE WHEN l.billed = l.effective THEN NULL ELSE times_in(l.billed, w.whole) END AS billed_times,
  CASE WHEN l.billed = l.effective THEN NULL ELSE rest_in(l.billed, w.whole) END AS billed_rest,
  coalesce(l.list = l.effective, false) AS list_alike,
  CASE WHEN l.list = l.effective THEN NULL ELSE times_in(l.list, w.whole) END AS list_times,
  CASE WHEN l.list = l.effective THEN NULL ELSE rest_in(l.list, w.whole) END AS list_rest,
  coalesce(l.contracted = l.effective, false) AS contracted_alike,
  CASE WHEN l.contracted = l.effective THEN NULL ELSE times_in(l.contracted, w.whole) END AS contracted_times,
  CASE WHEN l.contracted = l.effective THEN NULL ELSE rest_in(l.contracted, w.whole) END AS contracted_rest
FROM lines AS l
JOIN split AS p
  ON p.split_id = l.split_id
JOIN split_whole AS w
  ON w.split_id = l.split_id
