-- What a unit of each dimension is worth in the largest hour of a node's day. Grain: cluster, node (as
-- seen), day. Reads: node_load. Read by: mended, pod_weight.
WITH
base AS (
  SELECT
    node_hash AS node_hash,
    day_no AS day_no,
    arg_max(cpu_value, value) AS cpu_value,
    arg_max(mem_value, value) AS mem_value,
    arg_max(gpu_value, value) AS gpu_value
  FROM node_load
  GROUP BY
    node_hash,
    day_no
)
-- One node may have been seen under two names.
SELECT DISTINCT
  n.seen_hash AS seen_hash,
  n.node_hash AS node_hash,
  n.day_no AS day_no,
  b.cpu_value AS cpu_value,
  b.mem_value AS mem_value,
  b.gpu_value AS gpu_value
FROM node_load AS n
JOIN base AS b
  ON b.node_hash = n.node_hash
  AND b.day_no = n.day_no
