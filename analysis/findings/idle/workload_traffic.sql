-- Bytes a second that workloads' pods send and receive, hour by hour over 14 days. Grain: cluster,
-- namespace, workload. Reads: usage_hour, pod_workload, cluster_until. Read by: idle-workload.
-- A pod that is probed or scraped never reads 0: the least hourly rate of any pod of the namespace is
-- the floor that such traffic has there, and only what is above it counts.
WITH
pods AS (
  SELECT
    u.cluster AS cluster,
    u.namespace AS namespace,
    u.hour AS hour,
    u.pod_uid AS pod_uid,
    any_value(u.pod) AS pod,
    sum(u.net_rx + u.net_tx) AS bytes,
    max(u.seconds) AS seconds
  FROM usage_hour AS u
  JOIN cluster_until AS c
    ON c.cluster = u.cluster
    AND u.hour >= c.until - 14 * 86400
    AND u.hour < c.until
  GROUP BY
    u.cluster,
    u.namespace,
    u.hour,
    u.pod_uid
),
-- An hour a pod was not in whole has start-up traffic or hardly any, and is no measure of rest.
rates AS (
  SELECT
    p.*,
    int_div(p.bytes, p.seconds) AS rate,
    min(int_div(p.bytes, p.seconds)) OVER (PARTITION BY p.cluster, p.namespace) AS floor_rate
  FROM pods AS p
  WHERE p.seconds >= 3300
)
SELECT
  r.cluster AS cluster,
  r.namespace AS namespace,
  coalesce(w.workload_kind, 'Pod') AS workload_kind,
  coalesce(w.workload, r.pod) AS workload,
  CAST(sum(r.bytes) AS BIGINT) AS bytes,
  CAST(min(r.floor_rate) AS BIGINT) AS floor_rate,
  CAST(quantile_disc(r.rate, 0.99) AS BIGINT) AS rate_p99
FROM rates AS r
LEFT JOIN pod_workload AS w
  ON w.cluster = r.cluster
  AND w.day = day_of(r.hour)
  AND w.pod_uid = r.pod_uid
GROUP BY
  r.cluster,
  r.namespace,
  coalesce(w.workload_kind, 'Pod'),
  coalesce(w.workload, r.pod)
