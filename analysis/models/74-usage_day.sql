-- What workloads asked for and used. Grain: day, cluster, namespace, workload. Core-milliseconds,
-- MiB-seconds, GPU-milliseconds, bytes. Reads: pod_use. Read by: the Namespace page, explain,
-- OpenCost's allocation.
-- A pod on two nodes in a day, or on one seen under two names, stands twice in pod_use, and is one here.
WITH
-- Few are: looking for them first spares adding every pod up by itself.
again AS (
  SELECT
    day_no AS day_no,
    pod_uid AS pod_uid
  FROM pod_use
  GROUP BY
    day_no,
    pod_uid
  HAVING count(*) > 1
),
surplus AS (
  SELECT
    day AS day,
    cluster AS cluster,
    namespace AS namespace,
    workload_kind AS workload_kind,
    workload AS workload,
    CAST(sum(times - 1) AS BIGINT) AS pods
  FROM (
    SELECT
      p.day AS day,
      p.cluster AS cluster,
      p.namespace AS namespace,
      p.workload_kind AS workload_kind,
      p.workload AS workload,
      p.pod_uid AS pod_uid,
      count(*) AS times
    FROM pod_use AS p
    JOIN again AS a
      ON a.day_no = p.day_no
      AND a.pod_uid = p.pod_uid
    GROUP BY
      p.day,
      p.cluster,
      p.namespace,
      p.workload_kind,
      p.workload,
      p.pod_uid
  )
  GROUP BY
    day,
    cluster,
    namespace,
    workload_kind,
    workload
),
summed AS (
  SELECT
    day AS day,
    cluster AS cluster,
    namespace AS namespace,
    workload_kind AS workload_kind,
    workload AS workload,
    count(*) AS pods,
    CAST(sum(seconds) AS BIGINT) AS seconds,
    CAST(sum(cpu_used) AS BIGINT) AS cpu_used,
    CAST(sum(cpu_requested) AS BIGINT) AS cpu_requested,
    CAST(sum(cpu_effective) AS BIGINT) AS cpu_effective,
    CAST(sum(mem_used) AS BIGINT) AS mem_used,
    CAST(sum(mem_requested) AS BIGINT) AS mem_requested,
    CAST(sum(mem_effective) AS BIGINT) AS mem_effective,
    CAST(sum(gpu_requested) AS BIGINT) AS gpu_requested,
    CAST(sum(net_rx) AS BIGINT) AS net_rx,
    CAST(sum(net_tx) AS BIGINT) AS net_tx
  FROM pod_use
  GROUP BY
    day,
    cluster,
    namespace,
    workload_kind,
    workload
)
SELECT
  s.day AS day,
  s.cluster AS cluster,
  s.namespace AS namespace,
  s.workload_kind AS workload_kind,
  s.workload AS workload,
  s.pods - coalesce(a.pods, 0) AS pods,
  s.seconds AS seconds,
  s.cpu_used AS cpu_used,
  s.cpu_requested AS cpu_requested,
  s.cpu_effective AS cpu_effective,
  s.mem_used AS mem_used,
  s.mem_requested AS mem_requested,
  s.mem_effective AS mem_effective,
  s.gpu_requested AS gpu_requested,
  s.net_rx AS net_rx,
  s.net_tx AS net_tx
FROM summed AS s
LEFT JOIN surplus AS a
  ON a.day = s.day
  AND a.cluster = s.cluster
  AND a.namespace = s.namespace
  AND a.workload_kind = s.workload_kind
  AND a.workload = s.workload
ORDER BY
  s.cluster,
  s.namespace
