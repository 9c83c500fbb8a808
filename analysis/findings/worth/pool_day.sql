-- Nodes of a pool by day: what they could do, in capacity × weight × seconds. Grain: cluster, node, day.
-- Reads: month_node, span. Read by: pool_cost.
SELECT
  n.cluster AS cluster,
  n.node AS node,
  n.day AS day,
  max(n.pool) AS pool,
  max(n.scale_set) AS scale_set,
  CAST(max(n.value) AS HUGEINT) * max(n.whole_s) AS value
FROM month_node AS n
CROSS JOIN span AS s
WHERE n.is_billed
  AND n.day BETWEEN s.window_from AND s.until
GROUP BY
  n.cluster,
  n.node,
  n.day
