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
