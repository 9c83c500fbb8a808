-- By what each split of cluster lines is divided. Grain: split, consumer (unscaled, may repeat).
-- Reads: cluster_line, node_day, node_weight, volume_day, service_hour. Read by: consumer, weight.
-- A split is what shares one set of weights: a node's day, a pool's day, a volume's day.
WITH
splits AS (
  SELECT
    split_kind AS split_kind,
    cluster AS cluster,
    split_key AS split_key,
    day AS day,
    max(claim_namespace) AS claim_namespace,
    max(resource_key) AS resource_key
  FROM cluster_line
  GROUP BY
    split_kind,
    cluster,
    split_key,
    day
),
-- A pool's day: its nodes by the seconds they were seen (else billed), each divided as itself.
pool_node AS (
  SELECT
    s.split_key AS split_key,
    d.cluster AS cluster,
    d.day AS day,
    hash(d.cluster, d.node) AS node_hash,
    d.seen_s AS seen_s,
    d.whole_s AS whole_s,
    max(d.seen_s) OVER (PARTITION BY s.cluster, s.split_key, s.day) AS most_seen
  FROM splits AS s
  JOIN node_day AS d
    ON d.cluster = s.cluster
    AND d.day = s.day
    AND (d.scale_set = s.split_key OR s.split_key = 'pool:' || lower(d.pool))
  WHERE s.split_kind = 'pool'
),
-- Of the pools' nodes alone: most nodes are split for themselves.
node_whole AS (
  SELECT
    w.node_hash AS node_hash,
    w.day AS day,
    sum(w.weight) AS whole
  FROM node_weight AS w
  SEMI JOIN pool_node AS p
    ON p.node_hash = w.node_hash
    AND p.day = w.day
  GROUP BY
    w.node_hash,
    w.day
),
volume AS (
  SELECT
    s.cluster AS cluster,
    s.split_key AS split_key,
    s.day AS day,
    CASE WHEN count(v.pv) > 0 THEN max(nullif(v.claim_namespace, '')) ELSE max(s.claim_namespace) END AS namespace,
    max(v.bound_s) AS bound_s,
    sum(v.mounted_s) AS mounted_s
  FROM splits AS s
  LEFT JOIN volume_day AS v
    ON v.cluster = s.cluster
    AND CAST(v.day AS DATE) = s.day
    AND (v.pv = s.split_key OR v.volume_handle = s.resource_key)
  WHERE s.split_kind = 'volume'
  GROUP BY
    s.cluster,
    s.split_key,
    s.day
),
service AS (
  SELECT
    s.split_kind AS split_kind,
    s.cluster AS cluster,
    s.split_key AS split_key,
    s.day AS day,
    h.hour AS hour,
    h.namespace AS namespace,
    count(*) AS services,
    sum(count(*)) OVER (PARTITION BY s.cluster, s.split_key, h.hour) AS all_services
  FROM splits AS s
  JOIN service_hour AS h
    ON h.cluster = s.cluster
    AND day_of(h.hour) = s.day
  WHERE s.split_kind = 'load-balancer'
  GROUP BY
    s.split_kind,
    s.cluster,
    s.split_key,
    s.day,
    h.hour,
    h.namespace
),
address AS (
  SELECT
    split_kind AS split_kind,
    cluster AS cluster,
    split_key AS split_key,
    day AS day,
    split_part(trim(unnest(string_split(split_key, ','))), '/', 1) AS namespace
  FROM splits
  WHERE split_kind = 'public-ip'
    AND split_key <> ''
),
-- What is not a node's, by name.
other AS (
  SELECT
    'pool' AS split_kind,
    p.cluster AS cluster,
    p.split_key AS split_key,
    p.day AS day,
    w.namespace AS namespace,
    w.workload_kind AS workload_kind,
    w.workload AS workload,
    w.bucket AS bucket,
    scaled_weight(w.weight, n.whole) * CASE WHEN p.most_seen > 0 THEN p.seen_s ELSE p.whole_s END AS weight
  FROM pool_node AS p
  JOIN node_whole AS n
    ON n.node_hash = p.node_hash
    AND n.day = p.day
    AND n.whole > 0
  JOIN node_weight AS w
    ON w.node_hash = p.node_hash
    AND w.day = p.day
  UNION ALL
  SELECT 'volume', v.cluster, v.split_key, v.day, m.claim_namespace, coalesce(m.workload_kind, ''), coalesce(m.workload, ''), 'direct', CAST(m.mounted_s AS HUGEINT)
  FROM volume AS v
  JOIN splits AS s
    ON s.split_kind = 'volume'
    AND s.cluster = v.cluster
    AND s.split_key = v.split_key
    AND s.day = v.day
  JOIN volume_day AS m
    ON m.cluster = v.cluster
    AND CAST(m.day AS DATE) = v.day
    AND (m.pv = v.split_key OR m.volume_handle = s.resource_key)
    AND m.workload IS NOT NULL
    AND nullif(m.claim_namespace, '') IS NOT NULL
  UNION ALL
  -- Without anything known of its mounting, the claim's namespace pays; without a claim, nobody does.
  SELECT
    'volume',
    cluster,
    split_key,
    day,
    coalesce(namespace, ''),
    '',
    '',
    CASE WHEN namespace IS NULL THEN '__unmounted__' WHEN bound_s IS NULL THEN 'direct' ELSE 'unmounted' END,
    CASE WHEN namespace IS NULL OR coalesce(greatest(bound_s, mounted_s), 0) = 0 THEN CAST(1 AS HUGEINT) ELSE CAST(greatest(0, bound_s - coalesce(mounted_s, 0)) AS HUGEINT) END
  FROM volume
  UNION ALL
  -- 720,720 divides by every number of services up to 16, and nearly so by any other.
  SELECT split_kind, cluster, split_key, day, namespace, '', '', 'direct', CAST(int_div(720720 * services, CAST(all_services AS BIGINT)) AS HUGEINT)
  FROM service
  UNION ALL
  SELECT
    s.split_kind,
    s.cluster,
    s.split_key,
    s.day,
    '',
    '',
    '',
    '__network__',
    CAST(720720 * (24 - (SELECT count(DISTINCT h.hour) FROM service AS h WHERE h.cluster = s.cluster AND h.day = s.day)) AS HUGEINT)
  FROM splits AS s
  WHERE s.split_kind = 'load-balancer'
  UNION ALL
  SELECT split_kind, cluster, split_key, day, namespace, '', '', 'direct', CAST(1 AS HUGEINT)
  FROM address
  UNION ALL
  SELECT
    split_kind,
    cluster,
    split_key,
    day,
    '',
    '',
    '',
    CASE WHEN split_kind = 'control-plane' THEN '__control_plane__' ELSE '__network__' END,
    CAST(1 AS HUGEINT)
  FROM splits
  WHERE split_kind IN ('control-plane', 'network')
    OR (split_kind = 'public-ip' AND split_key = '')
)
SELECT
  hash(s.split_kind, s.cluster, s.split_key, s.day) AS split_id,
  s.cluster AS cluster,
  w.namespace AS namespace,
  w.workload_kind AS workload_kind,
  w.workload AS workload,
  w.bucket AS bucket,
  w.weight AS weight
FROM splits AS s
JOIN node_weight AS w
  ON w.node_hash = hash(s.cluster, s.split_key)
  AND w.day = s.day
WHERE s.split_kind = 'node'
  AND w.weight > 0
UNION ALL
SELECT
  hash(split_kind, cluster, split_key, day),
  cluster,
  namespace,
  workload_kind,
  workload,
  bucket,
  weight
FROM other
