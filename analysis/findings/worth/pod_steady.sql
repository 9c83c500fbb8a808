-- Pods of one workload from the first day they were seen to the last, without a day between. Grain: cluster, pod.
-- Reads: pod_day. Read by: container_steady. All pods of a month but a few; days are those since 1970, at most 62 of them.
WITH
days AS (
  SELECT
    cluster AS cluster,
    pod_uid AS pod_uid,
    CAST(day AS DATE) - DATE '1970-01-01' AS day_no,
    workload_kind AS workload_kind,
    workload AS workload,
    running_s AS running_s
  FROM pod_day
)
SELECT
  cluster AS cluster,
  pod_uid AS pod_uid,
  min(day_no) AS first_day,
  max(day_no) AS last_day,
  min(workload_kind) AS workload_kind,
  min(workload) AS workload
FROM days
GROUP BY
  cluster,
  pod_uid
HAVING min(workload_kind) = max(workload_kind)
  AND min(workload) = max(workload)
  AND count(workload_kind) = count(*)
  AND count(workload) = count(*)
  AND count(running_s) = count(*)
  AND max(day_no) - min(day_no) < 64
  AND bit_count(bit_or(CAST(1 AS UBIGINT) << (day_no % 64))) = max(day_no) - min(day_no) + 1
