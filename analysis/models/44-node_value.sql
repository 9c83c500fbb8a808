-- What a second of a node is worth in every hour, by its capacity. Grain: cluster, node as seen, hour.
-- Reads: node_hour, node_alias, vm_weight. Read by: node_day, node_load.
-- Σ capacity × ρ over CPU (millicores), memory (MiB) and GPUs, times 1,024,000. Virtual nodes report
-- 10,000 cores that nobody bills and are left out. Nodes go by a hash here: their ids are 150 characters
-- long and stand in every hour; that no two share one is checked (node-days-add-up).
SELECT
  h.cluster AS cluster,
  hash(h.cluster, coalesce(a.node, h.node)) AS node_hash,
  hash(h.cluster, h.node) AS seen_hash,
  h.hour AS hour,
  int_div(h.hour, 86400) AS day_no,
  h.pool AS pool,
  h.instance_type AS instance_type,
  h.seen_s AS seen_s,
  least(h.covered_s, h.seen_s) AS covered_s,
  least(h.cpu_allocatable, h.cpu_capacity) AS cpu_allocatable,
  least(h.mem_allocatable, h.mem_capacity) AS mem_allocatable,
  least(h.gpu_allocatable, h.gpu_capacity) AS gpu_allocatable,
  w.cpu * 1024 AS cpu_value,
  w.gib * 1000 AS mem_value,
  w.gpu * 1024 AS gpu_value,
  greatest(1, h.cpu_capacity * w.cpu * 1024 + h.mem_capacity * w.gib * 1000 + h.gpu_capacity * 1000 * w.gpu * 1024) AS value,
  greatest(0, h.cpu_capacity - h.cpu_allocatable) * w.cpu * 1024
    + greatest(0, h.mem_capacity - h.mem_allocatable) * w.gib * 1000
    + greatest(0, h.gpu_capacity - h.gpu_allocatable) * 1000 * w.gpu * 1024 AS system_value
FROM node_hour AS h
JOIN (
  SELECT
    t.instance_type AS instance_type,
    arg_max(w.cpu, length(w.family)) AS cpu,
    arg_max(w.gib, length(w.family)) AS gib,
    arg_max(w.gpu, length(w.family)) AS gpu
  FROM (SELECT DISTINCT instance_type AS instance_type FROM node_hour) AS t
  JOIN vm_weight AS w
    ON starts_with(lower(coalesce(t.instance_type, '')), w.family)
  GROUP BY
    t.instance_type
) AS w
  ON w.instance_type IS NOT DISTINCT FROM h.instance_type
LEFT JOIN node_alias AS a
  ON a.cluster = h.cluster
  AND a.seen_as = h.node
WHERE NOT h.virtual
