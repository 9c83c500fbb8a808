-- The workload a pod is of, the longer where it was of two that day. Grain: cluster, day, pod; of the two weeks that
-- are looked at hour by hour. Reads: pod_day, cluster_until. Read by: pool_pod, workload_traffic, the findings of idle/.
SELECT
  p.cluster AS cluster,
  CAST(p.day AS DATE) AS day,
  p.pod_uid AS pod_uid,
  arg_max(p.workload_kind, p.running_s) AS workload_kind,
  arg_max(p.workload, p.running_s) AS workload,
  arg_max(p.labels, p.running_s) AS labels
FROM pod_day AS p
JOIN cluster_until AS c
  ON c.cluster = p.cluster
  AND CAST(p.day AS DATE) >= day_of(c.until) - 14
  AND CAST(p.day AS DATE) < day_of(c.until)
GROUP BY
  p.cluster,
  p.day,
  p.pod_uid
