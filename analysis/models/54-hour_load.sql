-- What the pods of a node take of an hour, all together. Grain: cluster, node as seen, hour.
-- Reads: usage_hour. Read by: node_load, odd_hour.
SELECT
  hash(cluster, node) AS seen_hash,
  hour AS hour,
  sum(cpu_effective) AS cpu,
  sum(mem_effective) AS mem,
  sum(gpu_requested) AS gpu
FROM usage_hour
GROUP BY
  hash(cluster, node),
  hour
