-- What workloads asked for and used. Grain: day, cluster, namespace, workload. Core-milliseconds,
-- MiB-seconds, GPU-milliseconds, bytes. Reads: usage_hour, pod_workload. Read by: the Namespace page, explain,
-- OpenCost's allocation.
WITH
pod AS (
  SELECT
    cluster AS cluster,
    day_of(hour) AS day,
    namespace AS namespace,
    pod_uid AS pod_uid,
    any_value(pod) AS pod,
    sum(seconds) AS seconds,
    sum(cpu_used) AS cpu_used,
    sum(cpu_requested) AS cpu_requested,
    sum(cpu_effective) AS cpu_effective,
    sum(mem_used) AS mem_used,
    sum(mem_requested) AS mem_requested,
    sum(mem_effective) AS mem_effective,
    sum(gpu_requested) AS gpu_requested,
    sum(net_rx) AS net_rx,
    sum(net_tx) AS net_tx
  FROM usage_hour
  GROUP BY
    cluster,
    day_of(hour),
    namespace,
    pod_uid
)
SELECT
  p.day AS day,
  p.cluster AS cluster,
  p.namespace AS namespace,
  coalesce(w.workload_kind, 'Pod') AS workload_kind,
  coalesce(w.workload, p.pod) AS workload,
  count(*) AS pods,
  CAST(sum(p.seconds) AS BIGINT) AS seconds,
  CAST(sum(p.cpu_used) AS BIGINT) AS cpu_used,
  CAST(sum(p.cpu_requested) AS BIGINT) AS cpu_requested,
  CAST(sum(p.cpu_effective) AS BIGINT) AS cpu_effective,
  CAST(sum(p.mem_used) AS BIGINT) AS mem_used,
  CAST(sum(p.mem_requested) AS BIGINT) AS mem_requested,
  CAST(sum(p.mem_effective) AS BIGINT) AS mem_effective,
  CAST(sum(p.gpu_requested) AS BIGINT) AS gpu_requested,
  CAST(sum(p.net_rx) AS BIGINT) AS net_rx,
  CAST(sum(p.net_tx) AS BIGINT) AS net_tx
FROM pod AS p
LEFT JOIN pod_workload AS w
  ON w.cluster = p.cluster
  AND w.day = p.day
  AND w.pod_uid = p.pod_uid
GROUP BY ALL
ORDER BY
  cluster,
  namespace
