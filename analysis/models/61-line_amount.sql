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
),
-- Most lines cost the same in several measures, and are divided once for them.
units AS (
  SELECT
    l.*,
    p.day AS day,
    p.cluster AS cluster,
    p.pool AS pool,
    w.whole AS whole,
    coalesce(l.billed = l.effective, false) AS billed_alike,
    coalesce(l.list = l.effective, false) AS list_alike,
    coalesce(l.contracted = l.effective, false) AS contracted_alike,
    units_of(abs(l.effective)) AS effective_units,
    CASE WHEN l.billed = l.effective THEN NULL ELSE units_of(abs(l.billed)) END AS billed_units,
    CASE WHEN l.list = l.effective THEN NULL ELSE units_of(abs(l.list)) END AS list_units,
    CASE WHEN l.contracted = l.effective THEN NULL ELSE units_of(abs(l.contracted)) END AS contracted_units
  FROM lines AS l
  JOIN split AS p
    ON p.split_id = l.split_id
  JOIN split_whole AS w
    ON w.split_id = l.split_id
)
SELECT
  u.* EXCLUDE (effective_units, billed_units, list_units, contracted_units),
  hash(u.day, u.currency, u.cluster, u.pool, u.environment, u.service, u.resource) AS place_id,
  times_whole(u.effective_units, u.whole) * sign_of(u.effective) AS effective_times,
  left_over(u.effective_units, u.whole) * sign_of(u.effective) AS effective_rest,
  times_whole(u.billed_units, u.whole) * sign_of(u.billed) AS billed_times,
  left_over(u.billed_units, u.whole) * sign_of(u.billed) AS billed_rest,
  times_whole(u.list_units, u.whole) * sign_of(u.list) AS list_times,
  left_over(u.list_units, u.whole) * sign_of(u.list) AS list_rest,
  times_whole(u.contracted_units, u.whole) * sign_of(u.contracted) AS contracted_times,
  left_over(u.contracted_units, u.whole) * sign_of(u.contracted) AS contracted_rest
FROM units AS u
