-- What workloads asked for and used. Grain: day, cluster, namespace, workload. Core-milliseconds,
-- MiB-seconds, GPU-milliseconds, bytes. Reads: pod_use. Read by: the Namespace page, explain,
-- OpenCost's allocation.
-- A node seen under two names in a day has its pods twice in pod_use, and once here.
WITH
pod AS (
  SELECT
    day AS day,
    cluster AS cluster,
    namespace AS namespace,
    workload_kind AS workload_kind,
    workload AS workload,
    pod_uid AS pod_uid,
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
  FROM pod_use
  GROUP BY
    day,
    cluster,
    namespace,
    workload_kind,
    workload,
    pod_uid
)
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
FROM pod
GROUP BY
  day,
  cluster,
  namespace,
  workload_kind,
  workload
ORDER BY
  cluster,
  namespace
