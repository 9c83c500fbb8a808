-- How much of a node's hour its pods take, and by what their use is scaled. Grain: cluster, node (as
-- seen), hour. Reads: usage_hour, node_value, node_day. Read by: node_weight.
-- Use above allocatable is scaled to it, dimension by dimension; the hour is then `overcommitted`.
WITH
load AS (
  SELECT
    cluster AS cluster,
    node AS seen_as,
    hour AS hour,
    sum(cpu_effective) AS cpu,
    sum(mem_effective) AS mem,
    sum(gpu_requested) AS gpu
  FROM usage_hour
  GROUP BY
    cluster,
    node,
    hour
)
SELECT
  v.cluster AS cluster,
  v.seen_as AS seen_as,
  v.node AS node,
  v.hour AS hour,
  d.day AS day,
  v.covered_s AS covered_s,
  v.cpu_value AS cpu_value,
  v.mem_value AS mem_value,
  v.gpu_value AS gpu_value,
  v.value AS value,
  d.value AS day_value,
  v.system_value AS system_value,
  CAST(v.cpu_allocatable * v.covered_s AS BIGINT) AS cpu_limit,
  CAST(v.mem_allocatable * v.covered_s AS BIGINT) AS mem_limit,
  CAST(v.gpu_allocatable * 1000 * v.covered_s AS BIGINT) AS gpu_limit,
  CAST(coalesce(l.cpu, 0) AS BIGINT) AS cpu_load,
  CAST(coalesce(l.mem, 0) AS BIGINT) AS mem_load,
  CAST(coalesce(l.gpu, 0) AS BIGINT) AS gpu_load,
  coalesce(l.cpu > v.cpu_allocatable * v.covered_s, false)
    OR coalesce(l.mem > v.mem_allocatable * v.covered_s, false)
    OR coalesce(l.gpu > v.gpu_allocatable * 1000 * v.covered_s, false) AS overcommitted
FROM node_value AS v
JOIN node_day AS d
  ON d.cluster = v.cluster
  AND d.node = v.node
  AND d.day = day_of(v.hour)
LEFT JOIN load AS l
  ON l.cluster = v.cluster
  AND l.seen_as = v.seen_as
  AND l.hour = v.hour
