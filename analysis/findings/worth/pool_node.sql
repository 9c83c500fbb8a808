-- Nodes of a pool in its busiest hours and what they gave to pods. Grain: cluster, pool, hour, node.
-- Millicores, MiB, GPUs. Reads: pool_hour, node_hour. Read by: the re-pack.
SELECT
  h.cluster AS cluster,
  h.pool AS pool,
  CAST(h.hour AS VARCHAR) AS hour,
  n.node AS node,
  CAST(n.cpu_allocatable AS INTEGER) AS cpu,
  CAST(n.mem_allocatable AS INTEGER) AS mem,
  CAST(coalesce(n.gpu_allocatable, 0) AS INTEGER) AS gpu
FROM pool_hour AS h
JOIN node_hour AS n
  ON n.cluster = h.cluster
  AND n.pool = h.pool
  AND n.hour = h.hour
  AND NOT n.virtual
