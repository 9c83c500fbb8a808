-- Divided cost by who takes it, before redistribution, in units of 1e-18. Grain: day, currency, cluster,
-- pool, consumer, owner, environment, service, resource. Reads: line_amount, share, weight, split,
-- consumer, consumer_day. Read by: moved, spend and the tables beside it, checks.
SELECT
  a.day AS day,
  a.currency AS currency,
  c.cluster AS cluster,
  p.pool AS pool,
  c.namespace AS namespace,
  c.workload_kind AS workload_kind,
  c.workload AS workload,
  c.bucket AS bucket,
  d.team AS team,
  d.business_unit AS business_unit,
  d.cost_center AS cost_center,
  nullif(concat_ws('; ', p.basis, d.rule_text), '') AS rule_text,
  a.environment AS environment,
  a.service AS service,
  a.resource AS resource,
  CAST(sum(CASE WHEN a.measure = 'effective' THEN a.lines ELSE 0 END) AS BIGINT) AS lines,
  coalesce(sum(CASE WHEN a.measure = 'billed' THEN s.part * a.lines * a.sign END), 0) AS billed,
  coalesce(sum(CASE WHEN a.measure = 'effective' THEN s.part * a.lines * a.sign END), 0) AS effective,
  coalesce(sum(CASE WHEN a.measure = 'list' THEN s.part * a.lines * a.sign END), 0) AS list,
  coalesce(sum(CASE WHEN a.measure = 'contracted' THEN s.part * a.lines * a.sign END), 0) AS contracted,
  CAST(sum(CASE WHEN a.measure = 'billed' AND a.units IS NULL THEN a.lines ELSE 0 END) AS BIGINT) AS billed_nulls,
  CAST(sum(CASE WHEN a.measure = 'effective' AND a.units IS NULL THEN a.lines ELSE 0 END) AS BIGINT) AS effective_nulls,
  CAST(sum(CASE WHEN a.measure = 'list' AND a.units IS NULL THEN a.lines ELSE 0 END) AS BIGINT) AS list_nulls,
  CAST(sum(CASE WHEN a.measure = 'contracted' AND a.units IS NULL THEN a.lines ELSE 0 END) AS BIGINT) AS contracted_nulls
FROM line_amount AS a
JOIN weight AS w
  ON w.split_id = a.split_id
JOIN split AS p
  ON p.split_id = a.split_id
JOIN consumer AS c
  ON c.consumer_id = w.consumer_id
JOIN consumer_day AS d
  ON d.consumer_id = w.consumer_id
  AND d.day = a.day
LEFT JOIN share AS s
  ON s.split_id = a.split_id
  AND s.units = a.units
  AND s.consumer_id = w.consumer_id
GROUP BY ALL
