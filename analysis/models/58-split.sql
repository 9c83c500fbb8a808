-- What shares one set of weights. Grain: split. Reads: cluster_line, node_day, shared_weight.
-- Of a shared service's day, basis says by what it is divided; the others need no word.
-- Read by: weight, consumer_day, cluster_spend, explain.
-- Its node pool is the service of a shared one, the scale set, or what Kubernetes calls the pool where machines stand alone.
WITH
splits AS (
  SELECT DISTINCT
    split_kind AS split_kind,
    cluster AS cluster,
    split_key AS split_key,
    day AS day
  FROM cluster_line
),
-- By equal keys only: a condition that looks at each node of a day compares every split with all of them.
pools AS (
  SELECT
    'node' AS split_kind,
    cluster AS cluster,
    node AS split_key,
    day AS day,
    coalesce(nullif(scale_set, ''), pool) AS pool
  FROM node_day
  UNION ALL
  SELECT 'pool', cluster, scale_set, day, coalesce(nullif(scale_set, ''), pool)
  FROM node_day
  UNION ALL
  SELECT 'pool', cluster, 'pool:' || lower(pool), day, coalesce(nullif(scale_set, ''), pool)
  FROM node_day
),
pool AS (
  SELECT
    split_kind AS split_kind,
    cluster AS cluster,
    split_key AS split_key,
    day AS day,
    max(pool) AS pool
  FROM pools
  GROUP BY
    split_kind,
    cluster,
    split_key,
    day
)
SELECT
  hash(s.split_kind, s.cluster, s.split_key, s.day) AS split_id,
  s.split_kind AS split_kind,
  s.cluster AS cluster,
  s.split_key AS split_key,
  s.day AS day,
  coalesce(p.pool, CASE WHEN s.split_kind IN ('pool', 'shared') THEN s.split_key END, '') AS pool,
  CASE WHEN s.split_kind = 'shared' THEN coalesce(w.basis, concat('shared ', s.split_key, ': nobody is known to use it')) END AS basis
FROM splits AS s
LEFT JOIN pool AS p
  ON p.split_kind = s.split_kind
  AND p.cluster = s.cluster
  AND p.split_key = s.split_key
  AND p.day = s.day
LEFT JOIN (SELECT name AS name, day AS day, any_value(basis) AS basis FROM shared_weight GROUP BY name, day) AS w
  ON s.split_kind = 'shared'
  AND w.name = s.split_key
  AND w.day = s.day
