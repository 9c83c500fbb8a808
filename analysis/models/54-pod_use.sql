-- What a pod asked for and used on a node in a day, and whose pod it is. Grain: cluster, node (as seen), day,
-- pod. Reads: usage_hour, pod_workload. Read by: pod_weight, usage_day.
WITH
pod AS (
  SELECT
    any_value(cluster) AS cluster,
    hash(cluster, node) AS seen_hash,
    int_div(hour, 86400) AS day_no,
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
    hash(cluster, node),
    int_div(hour, 86400),
    namespace,
    pod_uid
)
SELECT
  p.* EXCLUDE (pod),
  DATE '1970-01-01' + CAST(p.day_no AS INTEGER) AS day,
  coalesce(w.workload_kind, 'Pod') AS workload_kind,
  coalesce(w.workload, p.pod) AS workload
FROM pod AS p
LEFT JOIN pod_workload AS w
  ON w.cluster = p.cluster
  AND w.day = DATE '1970-01-01' + CAST(p.day_no AS INTEGER)
  AND w.pod_uid = p.pod_uid
