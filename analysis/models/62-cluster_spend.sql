-- Divided cost by who takes it, before redistribution. Grain: day, currency, cluster, pool, environment,
-- service, resource (together place_id), consumer, owner. Reads: line_amount, weight, place, split,
-- consumer, consumer_day. Read by: pool, receiver, spend and the tables beside it, checks.
-- Every line is divided by itself; its shares are added up where they are made and not kept one by one.
WITH
marks AS (
  SELECT
    split_id AS split_id,
    consumer_id AS consumer_id,
    weight AS weight,
    mark // 1000000 AS high,
    mark % 1000000 AS low,
    (mark - weight) // 1000000 AS high_before,
    (mark - weight) % 1000000 AS low_before
  FROM weight
),
taken AS (
  SELECT
    a.place_id AS place_id,
    w.consumer_id AS consumer_id,
    share_of_digits(a.effective_times, a.effective_rest, w.weight, w.high, w.low, w.high_before, w.low_before, a.whole) AS effective,
    a.billed_alike AS billed_alike,
    CASE WHEN a.billed_alike THEN NULL ELSE share_of_digits(a.billed_times, a.billed_rest, w.weight, w.high, w.low, w.high_before, w.low_before, a.whole) END AS billed,
    a.list_alike AS list_alike,
    CASE WHEN a.list_alike THEN NULL ELSE share_of_digits(a.list_times, a.list_rest, w.weight, w.high, w.low, w.high_before, w.low_before, a.whole) END AS list,
    a.contracted_alike AS contracted_alike,
    CASE WHEN a.contracted_alike THEN NULL ELSE share_of_digits(a.contracted_times, a.contracted_rest, w.weight, w.high, w.low, w.high_before, w.low_before, a.whole) END AS contracted
  FROM line_amount AS a
  JOIN marks AS w
    ON w.split_id = a.split_id
),
summed AS (
  SELECT
    place_id AS place_id,
    consumer_id AS consumer_id,
    count(*) AS lines,
    sum(CASE WHEN billed_alike THEN effective ELSE billed END) AS billed,
    sum(effective) AS effective,
    sum(CASE WHEN list_alike THEN effective ELSE list END) AS list,
    sum(CASE WHEN contracted_alike THEN effective ELSE contracted END) AS contracted,
    count(CASE WHEN billed_alike THEN effective ELSE billed END) AS billed_known,
    count(effective) AS effective_known,
    count(CASE WHEN list_alike THEN effective ELSE list END) AS list_known,
    count(CASE WHEN contracted_alike THEN effective ELSE contracted END) AS contracted_known
  FROM taken
  GROUP BY
    place_id,
    consumer_id
)
SELECT
  s.place_id AS place_id,
  p.day AS day,
  p.currency AS currency,
  c.cluster AS cluster,
  p.pool AS pool,
  c.namespace AS namespace,
  c.workload_kind AS workload_kind,
  c.workload AS workload,
  c.bucket AS bucket,
  d.team AS team,
  d.business_unit AS business_unit,
  d.cost_center AS cost_center,
  nullif(concat_ws('; ', t.basis, d.rule_text), '') AS rule_text,
  p.environment AS environment,
  p.service AS service,
  p.resource AS resource,
  s.lines AS lines,
  amount_of(coalesce(s.billed, 0)) AS billed,
  amount_of(coalesce(s.effective, 0)) AS effective,
  amount_of(coalesce(s.list, 0)) AS list,
  amount_of(coalesce(s.contracted, 0)) AS contracted,
  s.lines - s.billed_known AS billed_nulls,
  s.lines - s.effective_known AS effective_nulls,
  s.lines - s.list_known AS list_nulls,
  s.lines - s.contracted_known AS contracted_nulls
FROM summed AS s
JOIN place AS p
  ON p.place_id = s.place_id
JOIN consumer AS c
  ON c.consumer_id = s.consumer_id
JOIN consumer_day AS d
  ON d.consumer_id = s.consumer_id
  AND d.day = p.day
-- Of a shared service, whose name stands for the pool: what its day was divided by.
LEFT JOIN split AS t
  ON t.split_kind = 'shared'
  AND t.split_key = p.pool
  AND t.day = p.day
  AND p.cluster = ''
