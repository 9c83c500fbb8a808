-- A node's day, divided: pods, system reserve, idle, and what nothing is known of.
-- Grain: cluster, node, day, consumer. Reads: node_day, node_load, pod_weight. Read by: raw_weight.
-- The weights of a node's day add up to whole_s × value.
WITH
reserved AS (
  SELECT
    cluster AS cluster,
    node AS node,
    day AS day,
    sum(int_div(CAST(covered_s AS HUGEINT) * system_value * day_value, value)) AS weight
  FROM node_load
  GROUP BY
    cluster,
    node,
    day
),
pods AS (
  SELECT
    cluster AS cluster,
    node AS node,
    day AS day,
    sum(weight) AS weight
  FROM pod_weight
  GROUP BY
    cluster,
    node,
    day
),
parts AS (
  SELECT
    d.cluster AS cluster,
    d.node AS node,
    d.day AS day,
    d.unseen_bucket AS unseen_bucket,
    coalesce(r.weight, 0) AS reserved,
    CAST(d.covered_s AS HUGEINT) * d.value - coalesce(r.weight, 0) - coalesce(p.weight, 0) AS idle,
    CAST(d.whole_s - d.seen_s AS HUGEINT) * d.value AS unseen,
    CAST(d.seen_s - d.covered_s AS HUGEINT) * d.value AS uncovered
  FROM node_day AS d
  LEFT JOIN reserved AS r
    ON r.cluster = d.cluster
    AND r.node = d.node
    AND r.day = d.day
  LEFT JOIN pods AS p
    ON p.cluster = d.cluster
    AND p.node = d.node
    AND p.day = d.day
)
SELECT cluster AS cluster, node AS node, day AS day, namespace AS namespace, workload_kind AS workload_kind, workload AS workload, 'direct' AS bucket, weight AS weight FROM pod_weight
UNION ALL
SELECT cluster, node, day, '', '', '', '__system__', reserved FROM parts
UNION ALL
SELECT cluster, node, day, '', '', '', '__idle__', idle FROM parts
UNION ALL
SELECT cluster, node, day, '', '', '', unseen_bucket, unseen FROM parts
UNION ALL
SELECT cluster, node, day, '', '', '', '__no_usage_data__', uncovered FROM parts
