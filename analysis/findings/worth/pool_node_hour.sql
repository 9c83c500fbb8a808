-- Hours in which nodes were seen on a pool, in the window. Grain: node, hour. Reads: node_hour, span.
-- Read by: node_steady, container_pool. Nodes go by a hash; that no two share one is checked (node-days-add-up).
SELECT
  hash(n.cluster, n.node) AS node_hash,
  n.hour AS hour,
  n.pool AS pool
FROM node_hour AS n
CROSS JOIN span AS s
WHERE NOT n.virtual
  AND n.pool <> ''
  AND day_of(n.hour) BETWEEN s.window_from AND s.until
