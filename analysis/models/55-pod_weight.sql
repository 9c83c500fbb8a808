-- What pods take of their nodes' days. Grain: cluster, node, day, workload.
-- Reads: usage_hour, node_load, pod_workload. Read by: node_weight.
WITH
used AS (
  SELECT
    u.cluster AS cluster,
    n.node AS node,
    n.day AS day,
    u.namespace AS namespace,
    u.pod_uid AS pod_uid,
    u.pod AS pod,
    n.value AS value,
    n.day_value AS day_value,
    CASE WHEN n.cpu_load > n.cpu_limit THEN int_div(CAST(u.cpu_effective AS HUGEINT) * n.cpu_limit, n.cpu_load) ELSE CAST(u.cpu_effective AS HUGEINT) END * n.cpu_value
      + CASE WHEN n.mem_load > n.mem_limit THEN int_div(CAST(u.mem_effective AS HUGEINT) * n.mem_limit, n.mem_load) ELSE CAST(u.mem_effective AS HUGEINT) END * n.mem_value
      + CASE WHEN n.gpu_load > n.gpu_limit THEN int_div(CAST(u.gpu_requested AS HUGEINT) * n.gpu_limit, n.gpu_load) ELSE CAST(u.gpu_requested AS HUGEINT) END * n.gpu_value AS weight
  FROM usage_hour AS u
  JOIN node_load AS n
    ON n.cluster = u.cluster
    AND n.seen_as = u.node
    AND n.hour = u.hour
),
pod AS (
  SELECT
    cluster AS cluster,
    node AS node,
    day AS day,
    namespace AS namespace,
    pod_uid AS pod_uid,
    any_value(pod) AS pod,
    -- An hour in which the node had another size counts a second for a second all the same. Dividing
    -- 128-bit numbers costs more than all the rest, so only what must be is divided.
    sum(CASE WHEN value = day_value THEN weight ELSE int_div(weight * day_value, value) END) AS weight
  FROM used
  GROUP BY
    cluster,
    node,
    day,
    namespace,
    pod_uid
)
SELECT
  p.cluster AS cluster,
  p.node AS node,
  p.day AS day,
  p.namespace AS namespace,
  coalesce(w.workload_kind, 'Pod') AS workload_kind,
  coalesce(w.workload, p.pod) AS workload,
  sum(p.weight) AS weight
FROM pod AS p
LEFT JOIN pod_workload AS w
  ON w.cluster = p.cluster
  AND w.day = p.day
  AND w.pod_uid = p.pod_uid
GROUP BY ALL
