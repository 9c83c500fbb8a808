-- Seconds that containers ran on a pool's nodes in the window, and what they asked for meanwhile.
-- Grain: cluster, pool, namespace, workload, container. Core-milliseconds, MiB-seconds.
-- Reads: usage_hour, node_hour, pod_workload, span. Read by: the ledger.
SELECT
  u.cluster AS cluster,
  n.pool AS pool,
  u.namespace AS namespace,
  coalesce(w.workload_kind, 'Pod') AS workload_kind,
  coalesce(w.workload, u.pod) AS workload,
  u.container AS container,
  CAST(sum(u.seconds) AS VARCHAR) AS seconds,
  CAST(sum(u.cpu_requested) AS VARCHAR) AS cpu_requested,
  CAST(sum(u.mem_requested) AS VARCHAR) AS mem_requested
FROM usage_hour AS u
CROSS JOIN span AS s
JOIN node_hour AS n
  ON n.cluster = u.cluster
  AND n.node = u.node
  AND n.hour = u.hour
  AND NOT n.virtual
LEFT JOIN pod_workload AS w
  ON w.cluster = u.cluster
  AND w.day = day_of(u.hour)
  AND w.pod_uid = u.pod_uid
WHERE n.pool <> ''
  AND day_of(u.hour) BETWEEN s.window_from AND s.until
GROUP BY
  u.cluster,
  n.pool,
  u.namespace,
  coalesce(w.workload_kind, 'Pod'),
  coalesce(w.workload, u.pod),
  u.container
