-- Seconds that containers ran on a pool's nodes in the window, and what they asked for meanwhile.
-- Grain: cluster, pool, namespace, workload, container. Core-milliseconds, MiB-seconds.
-- Reads: usage_hour, node_hour, pod_workload, span. Read by: the ledger.
-- Added up by pod and day before anything is looked up; nodes go by a hash, that no two share one is checked
-- (node-days-add-up).
WITH
hours AS (
  SELECT
    hash(n.cluster, n.node) AS node_hash,
    n.hour AS hour,
    n.pool AS pool
  FROM node_hour AS n
  CROSS JOIN span AS s
  WHERE NOT n.virtual
    AND n.pool <> ''
    AND day_of(n.hour) BETWEEN s.window_from AND s.until
),
used AS (
  SELECT
    u.cluster AS cluster,
    h.pool AS pool,
    int_div(u.hour, 86400) AS day_no,
    u.namespace AS namespace,
    u.pod_uid AS pod_uid,
    u.container AS container,
    any_value(u.pod) AS pod,
    sum(u.seconds) AS seconds,
    sum(u.cpu_requested) AS cpu_requested,
    sum(u.mem_requested) AS mem_requested
  FROM usage_hour AS u
  JOIN hours AS h
    ON h.node_hash = hash(u.cluster, u.node)
    AND h.hour = u.hour
  GROUP BY
    u.cluster,
    h.pool,
    int_div(u.hour, 86400),
    u.namespace,
    u.pod_uid,
    u.container
)
SELECT
  u.cluster AS cluster,
  u.pool AS pool,
  u.namespace AS namespace,
  coalesce(w.workload_kind, 'Pod') AS workload_kind,
  coalesce(w.workload, u.pod) AS workload,
  u.container AS container,
  CAST(sum(u.seconds) AS VARCHAR) AS seconds,
  CAST(sum(u.cpu_requested) AS VARCHAR) AS cpu_requested,
  CAST(sum(u.mem_requested) AS VARCHAR) AS mem_requested
FROM used AS u
LEFT JOIN pod_workload AS w
  ON w.cluster = u.cluster
  AND w.day = DATE '1970-01-01' + CAST(u.day_no AS INTEGER)
  AND w.pod_uid = u.pod_uid
GROUP BY
  u.cluster,
  u.pool,
  u.namespace,
  coalesce(w.workload_kind, 'Pod'),
  coalesce(w.workload, u.pod),
  u.container
