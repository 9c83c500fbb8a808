-- Containers of steady pods on steady nodes: what they asked for goes to one pool and one workload as a whole.
-- Grain: node (hash), namespace, pod, container. Reads: container_use, node_steady, pod_steady. Read by: container_pool.
SELECT
  u.*,
  n.pool AS pool,
  p.workload_kind AS workload_kind,
  p.workload AS workload
FROM container_use AS u
JOIN node_steady AS n
  ON n.node_hash = u.node_hash
  AND n.first_hour <= u.first_hour
  AND u.last_hour <= n.last_hour
JOIN pod_steady AS p
  ON p.cluster = u.cluster
  AND p.pod_uid = u.pod_uid
  AND p.first_day <= int_div(u.first_hour, 86400)
  AND int_div(u.last_hour, 86400) <= p.last_day
