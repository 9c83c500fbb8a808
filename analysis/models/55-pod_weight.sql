-- What pods take of their nodes' days. Grain: cluster, node, day, workload.
-- Reads: pod_use, node_load, odd_hour, usage_hour. Read by: node_weight.
-- A day's use counts as it is, at what the node's largest hour is worth; what its odd hours (54-odd_hour)
-- must not count, or count otherwise, is put right hour by hour: 128-bit division costs more than all the rest.
WITH
base AS (
  SELECT
    node_hash AS node_hash,
    day_no AS day_no,
    CAST(arg_max(cpu_value, value) AS HUGEINT) AS cpu_value,
    CAST(arg_max(mem_value, value) AS HUGEINT) AS mem_value,
    CAST(arg_max(gpu_value, value) AS HUGEINT) AS gpu_value
  FROM node_load
  GROUP BY
    node_hash,
    day_no
),
-- One node may have been seen under two names.
seen AS (
  SELECT DISTINCT
    n.seen_hash AS seen_hash,
    n.day_no AS day_no,
    b.*  EXCLUDE (day_no)
  FROM node_load AS n
  JOIN base AS b
    ON b.node_hash = n.node_hash
    AND b.day_no = n.day_no
),
odd AS (
  SELECT
    u.namespace AS namespace,
    u.pod_uid AS pod_uid,
    o.seen_hash AS seen_hash,
    o.day_no AS day_no,
    s.node_hash AS node_hash,
    CASE WHEN NOT o.is_there THEN 0 ELSE
      CASE WHEN o.cpu_load > o.cpu_limit THEN int_div(CAST(u.cpu_effective AS HUGEINT) * o.cpu_limit, o.cpu_load) ELSE CAST(u.cpu_effective AS HUGEINT) END * o.cpu_value
        + CASE WHEN o.mem_load > o.mem_limit THEN int_div(CAST(u.mem_effective AS HUGEINT) * o.mem_limit, o.mem_load) ELSE CAST(u.mem_effective AS HUGEINT) END * o.mem_value
        + CASE WHEN o.gpu_load > o.gpu_limit THEN int_div(CAST(u.gpu_requested AS HUGEINT) * o.gpu_limit, o.gpu_load) ELSE CAST(u.gpu_requested AS HUGEINT) END * o.gpu_value
    END AS weight,
    u.cpu_effective * s.cpu_value + u.mem_effective * s.mem_value + u.gpu_requested * s.gpu_value AS counted,
    o.value AS value,
    o.day_value AS day_value
  FROM usage_hour AS u
  JOIN odd_hour AS o
    ON o.seen_hash = hash(u.cluster, u.node)
    AND o.hour = u.hour
  JOIN seen AS s
    ON s.seen_hash = o.seen_hash
    AND s.day_no = o.day_no
),
mended AS (
  SELECT
    seen_hash AS seen_hash,
    day_no AS day_no,
    namespace AS namespace,
    pod_uid AS pod_uid,
    -- An hour in which the node had another size counts a second for a second all the same.
    sum(CASE WHEN weight = 0 OR value = day_value THEN weight ELSE int_div(weight * day_value, value) END - counted) AS weight
  FROM odd
  GROUP BY
    seen_hash,
    day_no,
    namespace,
    pod_uid
)
SELECT
  p.cluster AS cluster,
  s.node_hash AS node_hash,
  p.day_no AS day_no,
  p.namespace AS namespace,
  p.workload_kind AS workload_kind,
  p.workload AS workload,
  sum(p.cpu_effective * s.cpu_value + p.mem_effective * s.mem_value + p.gpu_requested * s.gpu_value + coalesce(m.weight, 0)) AS weight
FROM pod_use AS p
JOIN seen AS s
  ON s.seen_hash = p.seen_hash
  AND s.day_no = p.day_no
LEFT JOIN mended AS m
  ON m.seen_hash = p.seen_hash
  AND m.day_no = p.day_no
  AND m.namespace = p.namespace
  AND m.pod_uid = p.pod_uid
GROUP BY ALL
