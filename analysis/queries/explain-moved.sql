-- What each policy passes to a target, or takes from it. Grain: policy, cluster, bucket.
-- Reads: visible_spend_month, visible_spend_resource of {{month}}. Read by: explain.
-- Parameters: $scope, $currency, $team, $cluster, $namespace, $resource (or NULL). Slots: {{at_place}}, {{measure}}, {{month}}.
SELECT
  policy AS policy,
  cluster AS cluster,
  bucket AS bucket,
  sum({{measure}}) AS cost
FROM {{month}}.visible_spend_month($scope)
WHERE policy IS NOT NULL
  AND $resource IS NULL
  AND currency = $currency
  AND ($team IS NULL OR team = $team)
  AND ($cluster IS NULL OR cluster = $cluster)
  AND ($namespace IS NULL OR {{at_place}})
GROUP BY
  policy,
  cluster,
  bucket
UNION ALL
SELECT
  policy,
  name,
  bucket,
  sum({{measure}})
FROM {{month}}.visible_spend_resource($scope)
WHERE policy IS NOT NULL
  AND resource = $resource
  AND currency = $currency
GROUP BY
  policy,
  name,
  bucket
ORDER BY
  policy,
  cluster,
  bucket
