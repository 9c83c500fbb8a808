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
)
SELECT
  hash(s.split_kind, s.cluster, s.split_key, s.day) AS split_id,
  s.split_kind AS split_kind,
  s.cluster AS cluster,
  s.split_key AS split_key,
  s.day AS day,
  coalesce(max(coalesce(nullif(d.scale_set, ''), d.pool)), CASE WHEN s.split_kind IN ('pool', 'shared') THEN s.split_key END, '') AS pool,
  CASE WHEN s.split_kind = 'shared' THEN coalesce(any_value(w.basis), concat('shared ', s.split_key, ': nobody is known to use it')) END AS basis
FROM splits AS s
LEFT JOIN node_day AS d
  ON d.cluster = s.cluster
  AND d.day = s.day
  AND CASE s.split_kind
    WHEN 'node' THEN d.node = s.split_key
    WHEN 'pool' THEN d.scale_set = s.split_key OR s.split_key = 'pool:' || lower(d.pool)
    ELSE false
  END
LEFT JOIN (SELECT DISTINCT name AS name, day AS day, basis AS basis FROM shared_weight) AS w
  ON s.split_kind = 'shared'
  AND w.name = s.split_key
  AND w.day = s.day
GROUP BY
  s.split_kind,
  s.cluster,
  s.split_key,
  s.day
