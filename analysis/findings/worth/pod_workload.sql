-- The workload a pod is of, the longer where it was of two that day. Grain: cluster, day, pod.
-- Reads: pod_day. Read by: container_pool, pool_pod, workload_traffic.
SELECT
  cluster AS cluster,
  CAST(day AS DATE) AS day,
  pod_uid AS pod_uid,
  arg_max(workload_kind, running_s) AS workload_kind,
  arg_max(workload, running_s) AS workload,
  arg_max(labels, running_s) AS labels
FROM pod_day
GROUP BY
  cluster,
  day,
  pod_uid
