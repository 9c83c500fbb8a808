-- How much of a node's hour its pods take, and by what their use is scaled. Grain: cluster, node (as
-- seen), hour. Reads: hour_load, node_value, node_day. Read by: node_base, odd_hour, node_weight.
-- Use above allocatable is scaled to it, dimension by dimension; the hour is then `overcommitted`.
SELECT
  v.seen_hash AS seen_hash,
  v.node_hash AS node_hash,
  v.hour AS hour,
  v.day_no AS day_no,
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
JOIN (SELECT node_hash AS node_hash, day_no AS day_no, max(value) AS value FROM node_value GROUP BY node_hash, day_no) AS d
  ON d.node_hash = v.node_hash
  AND d.day_no = v.day_no
LEFT JOIN hour_load AS l
  ON l.seen_hash = v.seen_hash
  AND l.hour = v.hour
