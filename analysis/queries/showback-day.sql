-- Cost by charge day. Grain: day.
-- Reads: visible_spend of {{month}}. Read by: GET showback?by=day.
-- Parameters: $scope, $policy, $currency, $team, $cluster, $namespace (or NULL), $limit, $offset. Slots: {{at_place}}, {{measure}}, {{nulls}}, {{month}}.
SELECT
  CAST(day AS VARCHAR) AS key,
  sum({{measure}}) AS cost,
  sum({{nulls}}) < sum(lines) AS stated,
  coalesce(sum({{measure}}) FILTER (bucket NOT IN ('shared', 'idle')), 0) AS direct,
  coalesce(sum({{measure}}) FILTER (bucket = 'shared'), 0) AS shared,
  coalesce(sum({{measure}}) FILTER (bucket = 'idle'), 0) AS idle,
  CASE WHEN min(bucket) = max(bucket) THEN min(bucket) ELSE 'direct' END AS bucket,
  CASE WHEN min(team) = max(team) THEN min(team) END AS team,
  CAST(NULL AS DECIMAL(38,18)) AS previous
FROM {{month}}.visible_spend($scope)
WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
GROUP BY day
ORDER BY day
LIMIT $limit
OFFSET $offset
