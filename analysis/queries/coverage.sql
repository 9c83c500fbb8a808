-- How much of the billed node time has usage data. Grain: cluster.
-- Reads: visible_node_day of {{month}}. Read by: every page's meta.
-- Parameters: $scope, $cluster (or NULL).
SELECT
  cluster AS cluster,
  CAST(coalesce(sum(least(covered_s, billed_s)), 0) AS BIGINT) AS covered,
  CAST(coalesce(sum(billed_s), 0) AS BIGINT) AS billed
FROM {{month}}.visible_node_day($scope)
WHERE billed_s > 0
  AND ($cluster IS NULL OR cluster = $cluster)
GROUP BY cluster
ORDER BY cluster
