-- Hours whose use does not count as it is: scaled to what the node can give, of another size than the
-- node's largest that day, or of a node that was not there. Grain: cluster, node (as seen), hour.
-- Reads: node_load, node_base, hour_load. Read by: mended. In most months a few in a hundred.
SELECT
  n.*,
  true AS is_there
FROM node_load AS n
JOIN node_base AS b
  ON b.seen_hash = n.seen_hash
  AND b.day_no = n.day_no
WHERE n.overcommitted
  OR n.value <> n.day_value
  OR n.cpu_value <> b.cpu_value
  OR n.mem_value <> b.mem_value
  OR n.gpu_value <> b.gpu_value
UNION ALL BY NAME
SELECT
  l.seen_hash AS seen_hash,
  l.hour AS hour,
  int_div(l.hour, 86400) AS day_no,
  false AS is_there
FROM hour_load AS l
ANTI JOIN node_load AS n
  ON n.seen_hash = l.seen_hash
  AND n.hour = l.hour
