-- The busiest hour of a pool, by requests, on each of its last seven complete days. Grain: cluster, pool,
-- day. Reads: usage_hour, node_hour, vm_value, cluster_until. Read by: pool_pod, pool_node.
WITH
loads AS (
  SELECT
    u.cluster AS cluster,
    n.pool AS pool,
    u.hour AS hour,
    sum(
      CAST(u.cpu_requested AS HUGEINT) * v.cpu * 1024
      + CAST(u.mem_requested AS HUGEINT) * v.gib * 1000
    ) AS load
  FROM usage_hour AS u
  JOIN cluster_until AS c
    ON c.cluster = u.cluster
    AND u.hour >= c.until - 7 * 86400
    AND u.hour < c.until
  JOIN node_hour AS n
    ON n.cluster = u.cluster
    AND n.node = u.node
    AND n.hour = u.hour
    AND NOT n.virtual
  JOIN vm_value AS v
    ON v.instance_type IS NOT DISTINCT FROM n.instance_type
  WHERE n.pool <> ''
  GROUP BY
    u.cluster,
    n.pool,
    u.hour
)
SELECT
  cluster AS cluster,
  pool AS pool,
  day_of(hour) AS day,
  arg_max(hour, (load, hour)) AS hour
FROM loads
GROUP BY
  cluster,
  pool,
  day_of(hour)
