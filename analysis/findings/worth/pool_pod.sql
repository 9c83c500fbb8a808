-- Containers on a pool in its busiest hours, by what they asked for: millicores and MiB, rounded up.
-- Grain: cluster, pool, hour, pod, container. Reads: pool_hour, usage_hour, node_hour, pod_workload.
-- Read by: the re-pack.
SELECT
  h.cluster AS cluster,
  h.pool AS pool,
  CAST(h.hour AS VARCHAR) AS hour,
  u.node AS node,
  u.namespace AS namespace,
  coalesce(w.workload_kind, 'Pod') AS workload_kind,
  coalesce(w.workload, u.pod) AS workload,
  u.pod_uid AS pod_uid,
  u.container AS container,
  max(w.labels) AS labels,
  CAST(ceil(sum(u.cpu_requested) / greatest(1, sum(u.seconds))) AS INTEGER) AS cpu,
  CAST(ceil(sum(u.mem_requested) / greatest(1, sum(u.seconds))) AS INTEGER) AS mem,
  CAST(ceil(sum(u.gpu_requested) / 1000 / greatest(1, sum(u.seconds))) AS INTEGER) AS gpu
FROM pool_hour AS h
JOIN usage_hour AS u
  ON u.cluster = h.cluster
  AND u.hour = h.hour
JOIN node_hour AS n
  ON n.cluster = u.cluster
  AND n.node = u.node
  AND n.hour = u.hour
  AND n.pool = h.pool
LEFT JOIN pod_workload AS w
  ON w.cluster = u.cluster
  AND w.day = h.day
  AND w.pod_uid = u.pod_uid
WHERE u.seconds > 0
GROUP BY
  h.cluster,
  h.pool,
  h.hour,
  u.node,
  u.namespace,
  coalesce(w.workload_kind, 'Pod'),
  coalesce(w.workload, u.pod),
  u.pod_uid,
  u.container
