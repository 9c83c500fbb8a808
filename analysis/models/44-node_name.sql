-- Nodes by their hash. Grain: cluster, node. Reads: node_hour, node_alias. Read by: node_day, checks.
SELECT
  hash(h.cluster, coalesce(a.node, h.node)) AS node_hash,
  h.cluster AS cluster,
  coalesce(a.node, h.node) AS node,
  max(h.node_name) AS node_name
FROM node_hour AS h
LEFT JOIN node_alias AS a
  ON a.cluster = h.cluster
  AND a.seen_as = h.node
WHERE NOT h.virtual
GROUP BY
  h.cluster,
  coalesce(a.node, h.node)
