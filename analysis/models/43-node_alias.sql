-- Nodes that Kubernetes data names but gives no provider id. Grain: cluster, name as seen.
-- Reads: node_hour, cluster_key, inventory_node. Read by: node_value.
-- The Kubernetes source knows the id; else, as the last resort, AKS's node name: the scale set's name
-- and the instance in six base-36 digits (…vmss00000a is instance 10).
WITH
names AS (
  SELECT DISTINCT
    cluster AS cluster,
    node AS seen_as,
    substr(node, 6) AS name
  FROM node_hour
  WHERE starts_with(node, 'name:')
),
known AS (
  SELECT
    cluster AS cluster,
    lower(name) AS name,
    max(node) AS node
  FROM inventory_node
  GROUP BY
    cluster,
    lower(name)
),
scale_sets AS (
  SELECT DISTINCT
    cluster AS cluster,
    scale_set AS scale_set,
    regexp_extract(resource_key, '^(.*/virtualmachinescalesets/[^/]+)', 1) AS id
  FROM cluster_key
  WHERE kind = 'node'
    AND scale_set IS NOT NULL
)
SELECT
  n.cluster AS cluster,
  n.seen_as AS seen_as,
  max(coalesce(k.node, s.id || '/virtualmachines/' || base36(right(n.name, 6)))) AS node
FROM names AS n
LEFT JOIN known AS k
  ON k.cluster = n.cluster
  AND k.name = n.name
LEFT JOIN scale_sets AS s
  ON s.cluster = n.cluster
  AND starts_with(n.name, s.scale_set)
  AND length(n.name) = length(s.scale_set) + 6
  AND regexp_matches(right(n.name, 6), '^[0-9a-z]{6}$')
WHERE k.node IS NOT NULL
  OR s.id IS NOT NULL
GROUP BY
  n.cluster,
  n.seen_as
