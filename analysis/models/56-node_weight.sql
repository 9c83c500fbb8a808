-- A node's day, divided: pods, system reserve, idle, and what nothing is known of.
-- Grain: cluster, node (its hash), day, consumer. Reads: node_day, node_load, pod_weight. Read by: raw_weight.
-- The weights of a node's day add up to whole_s × value.
WITH
days AS (
  SELECT
    cluster AS cluster,
    day AS day,
    hash(cluster, node) AS node_hash,
    day - DATE '1970-01-01' AS day_no,
    unseen_bucket AS unseen_bucket,
    covered_s AS covered_s,
    seen_s AS seen_s,
    whole_s AS whole_s,
    value AS value
  FROM node_day
),
reserved AS (
  SELECT
    node_hash AS node_hash,
    day_no AS day_no,
    sum(CASE WHEN value = day_value THEN CAST(covered_s AS HUGEINT) * system_value ELSE int_div(CAST(covered_s AS HUGEINT) * system_value * day_value, value) END) AS weight
  FROM node_load
  GROUP BY
    node_hash,
    day_no
),
pods AS (
  SELECT
    node_hash AS node_hash,
    day_no AS day_no,
    sum(weight) AS weight
  FROM pod_weight
  GROUP BY
    node_hash,
    day_no
),
parts AS (
  SELECT
    d.cluster AS cluster,
    d.node_hash AS node_hash,
    d.day AS day,
    d.unseen_bucket AS unseen_bucket,
    coalesce(r.weight, 0) AS reserved,
    CAST(d.covered_s AS HUGEINT) * d.value - coalesce(r.weight, 0) - coalesce(p.weight, 0) AS idle,
    CAST(d.whole_s - d.seen_s AS HUGEINT) * d.value AS unseen,
    CAST(d.seen_s - d.covered_s AS HUGEINT) * d.value AS uncovered
  FROM days AS d
  LEFT JOIN reserved AS r
    ON r.node_hash = d.node_hash
    AND r.day_no = d.day_no
  LEFT JOIN pods AS p
    ON p.node_hash = d.node_hash
    AND p.day_no = d.day_no
)
SELECT d.cluster AS cluster, d.node_hash AS node_hash, d.day AS day, p.namespace AS namespace, p.workload_kind AS workload_kind, p.workload AS workload, 'direct' AS bucket, p.weight AS weight
FROM pod_weight AS p
JOIN days AS d
  ON d.node_hash = p.node_hash
  AND d.day_no = p.day_no
UNION ALL
SELECT cluster, node_hash, day, '', '', '', '__system__', reserved FROM parts
UNION ALL
SELECT cluster, node_hash, day, '', '', '', '__idle__', idle FROM parts
UNION ALL
SELECT cluster, node_hash, day, '', '', '', unseen_bucket, unseen FROM parts
UNION ALL
SELECT cluster, node_hash, day, '', '', '', '__no_usage_data__', uncovered FROM parts
