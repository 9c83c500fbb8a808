-- Seconds that containers ran on a pool's nodes in the window, and what they asked for meanwhile.
-- Grain: cluster, pool, namespace, workload, container. Core-milliseconds, MiB-seconds.
-- Reads: window_usage_hour, container_use, container_steady, pool_node_hour, pod_day. Read by: the ledger.
-- Where a node was not seen in an hour, or changed its pool, or a pod its workload, it is asked hour by hour and day by
-- day; all others are added up already (container_steady).
WITH
odd AS (
  SELECT
    u.node_hash AS node_hash,
    u.namespace AS namespace,
    u.pod_uid AS pod_uid,
    u.container AS container
  FROM container_use AS u
  ANTI JOIN container_steady AS s
    ON s.node_hash = u.node_hash
    AND s.namespace IS NOT DISTINCT FROM u.namespace
    AND s.pod_uid IS NOT DISTINCT FROM u.pod_uid
    AND s.container IS NOT DISTINCT FROM u.container
),
odd_day AS (
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
  FROM window_usage_hour AS u
  JOIN odd AS o
    ON o.node_hash = hash(u.cluster, u.node)
    AND o.namespace IS NOT DISTINCT FROM u.namespace
    AND o.pod_uid IS NOT DISTINCT FROM u.pod_uid
    AND o.container IS NOT DISTINCT FROM u.container
  JOIN pool_node_hour AS h
    ON h.node_hash = hash(u.cluster, u.node)
    AND h.hour = u.hour
  GROUP BY
    u.cluster,
    h.pool,
    int_div(u.hour, 86400),
    u.namespace,
    u.pod_uid,
    u.container
),
-- The workload a pod is of, the longer where it was of two that day.
pod_workload AS (
  SELECT
    p.cluster AS cluster,
    p.day AS day,
    p.pod_uid AS pod_uid,
    arg_max(p.workload_kind, p.running_s) AS workload_kind,
    arg_max(p.workload, p.running_s) AS workload
  FROM pod_day AS p
  SEMI JOIN odd AS o
    ON o.pod_uid = p.pod_uid
  GROUP BY
    p.cluster,
    p.day,
    p.pod_uid
),
used AS (
  SELECT
    cluster AS cluster,
    pool AS pool,
    namespace AS namespace,
    coalesce(workload_kind, 'Pod') AS workload_kind,
    coalesce(workload, pod) AS workload,
    container AS container,
    seconds AS seconds,
    cpu_requested AS cpu_requested,
    mem_requested AS mem_requested
  FROM container_steady
  UNION ALL
  SELECT
    d.cluster,
    d.pool,
    d.namespace,
    coalesce(w.workload_kind, 'Pod'),
    coalesce(w.workload, d.pod),
    d.container,
    d.seconds,
    d.cpu_requested,
    d.mem_requested
  FROM odd_day AS d
  LEFT JOIN pod_workload AS w
    ON w.cluster = d.cluster
    AND CAST(w.day AS DATE) = DATE '1970-01-01' + CAST(d.day_no AS INTEGER)
    AND w.pod_uid = d.pod_uid
)
SELECT
  cluster AS cluster,
  pool AS pool,
  namespace AS namespace,
  workload_kind AS workload_kind,
  workload AS workload,
  container AS container,
  CAST(sum(seconds) AS VARCHAR) AS seconds,
  CAST(sum(cpu_requested) AS VARCHAR) AS cpu_requested,
  CAST(sum(mem_requested) AS VARCHAR) AS mem_requested
FROM used
GROUP BY
  cluster,
  pool,
  namespace,
  workload_kind,
  workload,
  container
