-- By how much the odd hours of a pod's day on a node (54-odd_hour) weigh other than the day's use counts them.
-- Grain: cluster, node (as seen), day, pod. Reads: usage_hour, odd_hour, node_base. Read by: pod_weight.
-- A table of its own, because the engine takes it for a thousand times as large inside another query and
-- then joins from the wrong side.
WITH
odd AS (
  SELECT
    u.namespace AS namespace,
    u.pod_uid AS pod_uid,
    o.seen_hash AS seen_hash,
    o.day_no AS day_no,
    CASE WHEN NOT o.is_there THEN 0 ELSE
      CASE WHEN o.cpu_load > o.cpu_limit THEN part_of(u.cpu_effective, o.cpu_limit, o.cpu_load) ELSE CAST(u.cpu_effective AS HUGEINT) END * o.cpu_value
        + CASE WHEN o.mem_load > o.mem_limit THEN part_of(u.mem_effective, o.mem_limit, o.mem_load) ELSE CAST(u.mem_effective AS HUGEINT) END * o.mem_value
        + CASE WHEN o.gpu_load > o.gpu_limit THEN part_of(u.gpu_requested, o.gpu_limit, o.gpu_load) ELSE CAST(u.gpu_requested AS HUGEINT) END * o.gpu_value
    END AS weight,
    CAST(u.cpu_effective AS HUGEINT) * b.cpu_value
      + CAST(u.mem_effective AS HUGEINT) * b.mem_value
      + CAST(u.gpu_requested AS HUGEINT) * b.gpu_value AS counted,
    o.value AS value,
    o.day_value AS day_value
  FROM usage_hour AS u
  JOIN odd_hour AS o
    ON o.seen_hash = hash(u.cluster, u.node)
    AND o.hour = u.hour
  JOIN node_base AS b
    ON b.seen_hash = o.seen_hash
    AND b.day_no = o.day_no
)
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
