-- What pods take of their nodes' days. Grain: cluster, node, day, workload.
-- Reads: pod_use, node_base, mended. Read by: node_weight.
-- A day's use counts as it is, at what the node's largest hour is worth; what its odd hours (54-odd_hour)
-- must not count, or count otherwise, is put right hour by hour (55-mended).
SELECT
  p.cluster AS cluster,
  b.node_hash AS node_hash,
  p.day_no AS day_no,
  p.namespace AS namespace,
  p.workload_kind AS workload_kind,
  p.workload AS workload,
  sum(
    CAST(p.cpu_effective AS HUGEINT) * b.cpu_value
      + CAST(p.mem_effective AS HUGEINT) * b.mem_value
      + CAST(p.gpu_requested AS HUGEINT) * b.gpu_value
      + coalesce(m.weight, 0)
  ) AS weight
FROM pod_use AS p
JOIN node_base AS b
  ON b.seen_hash = p.seen_hash
  AND b.day_no = p.day_no
LEFT JOIN mended AS m
  ON m.seen_hash = p.seen_hash
  AND m.day_no = p.day_no
  AND m.namespace = p.namespace
  AND m.pod_uid = p.pod_uid
GROUP BY
  p.cluster,
  b.node_hash,
  p.day_no,
  p.namespace,
  p.workload_kind,
  p.workload
