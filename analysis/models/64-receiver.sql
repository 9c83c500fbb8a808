-- Who may receive: namespaces by their owners, from one base taken before anything moves.
-- Grain: mode, cluster, day, currency, node pool ('' for all), namespace, owner.
-- Reads: cluster_spend, shared_namespace, weight, split, consumer. Read by: moved. Mark: the weights up to
-- and with this one, in the order of consumer_id; whole: all of them.
-- proportional: direct effective cost there (idle: on that node pool). even: one part for each namespace
-- that ran a pod there that day; inside a namespace by its owners' cost. Shares of shared services count
-- for nothing. Weights add up to at most 10^12.
WITH
direct AS (
  SELECT
    s.cluster AS cluster,
    s.day AS day,
    s.currency AS currency,
    s.pool AS pool,
    s.namespace AS namespace,
    s.team AS team,
    s.business_unit AS business_unit,
    s.cost_center AS cost_center,
    units_of(sum(s.effective)) AS base
  FROM cluster_spend AS s
  LEFT JOIN shared_namespace AS n
    ON n.cluster = s.cluster
    AND n.namespace = s.namespace
  WHERE s.namespace <> ''
    AND s.bucket <> 'shared'
    AND n.namespace IS NULL
  GROUP BY ALL
),
-- Of a pool alone, and of all of them together; no two pools are called ''.
everywhere AS (
  SELECT * FROM direct WHERE pool <> ''
  UNION ALL
  SELECT cluster, day, currency, '', namespace, team, business_unit, cost_center, sum(base)
  FROM direct
  GROUP BY ALL
),
ran AS (
  SELECT DISTINCT
    p.cluster AS cluster,
    p.day AS day,
    p.pool AS pool,
    c.namespace AS namespace
  FROM weight AS w
  JOIN split AS p
    ON p.split_id = w.split_id
    AND p.split_kind = 'node'
  JOIN consumer AS c
    ON c.consumer_id = w.consumer_id
    AND c.namespace <> ''
),
ran_somewhere AS (
  SELECT cluster, day, pool, namespace FROM ran WHERE pool <> ''
  UNION
  SELECT cluster, day, '', namespace FROM ran
),
weighed AS (
  SELECT
    'proportional' AS mode,
    e.*,
    greatest(e.base, 0) AS part,
    sum(greatest(e.base, 0)) OVER (PARTITION BY e.cluster, e.day, e.currency, e.pool) AS whole,
    CAST(1 AS BIGINT) AS namespaces
  FROM everywhere AS e
  UNION ALL
  SELECT
    'even',
    e.*,
    greatest(e.base, 0),
    sum(greatest(e.base, 0)) OVER (PARTITION BY e.cluster, e.day, e.currency, e.pool, e.namespace),
    dense_rank() OVER (PARTITION BY e.cluster, e.day, e.currency, e.pool ORDER BY e.namespace ASC)
      + dense_rank() OVER (PARTITION BY e.cluster, e.day, e.currency, e.pool ORDER BY e.namespace DESC) - 1
  FROM everywhere AS e
  JOIN ran_somewhere AS r
    ON r.cluster = e.cluster
    AND r.day = e.day
    AND r.pool = e.pool
    AND r.namespace = e.namespace
),
scaled AS (
  SELECT
    w.*,
    CASE WHEN w.whole <= 0 THEN 0 ELSE int_div(w.part * int_div(1000000000000, w.namespaces), w.whole) END AS scaled
  FROM weighed AS w
),
numbered AS (
  SELECT
    hash(mode, cluster, day, currency, pool) AS split_id,
    CAST(row_number() OVER (ORDER BY mode, day, encode(cluster), currency, encode(pool), encode(namespace), encode(team), encode(business_unit), encode(cost_center)) AS INTEGER) AS consumer_id,
    s.* EXCLUDE (part, whole, namespaces, scaled),
    CAST(s.scaled AS BIGINT) AS weight
  FROM scaled AS s
  WHERE s.scaled > 0
)
SELECT
  split_id AS split_id,
  consumer_id AS consumer_id,
  cluster AS cluster,
  day AS day,
  currency AS currency,
  pool AS pool,
  namespace AS namespace,
  team AS team,
  business_unit AS business_unit,
  cost_center AS cost_center,
  weight AS weight,
  CAST(sum(weight) OVER (PARTITION BY split_id ORDER BY consumer_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT) AS mark,
  CAST(sum(weight) OVER (PARTITION BY split_id) AS BIGINT) AS whole
FROM numbered
