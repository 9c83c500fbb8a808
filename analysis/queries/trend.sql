-- Cost month by month. Grain: month, key.
-- Reads: every.visible_spend_month. Read by: GET showback/trend.
-- Parameters: $scope, $policy, $currency, $team, $cluster, $namespace (or NULL), $first and $last month. Slots: {{at_place}}, {{key}}, {{measure}}.
SELECT
  month AS month,
  {{key}} AS key,
  sum({{measure}}) AS cost
FROM every.visible_spend_month($scope)
WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
  AND month BETWEEN $first AND $last
GROUP BY
  month,
  {{key}}
ORDER BY
  month ASC,
  cost DESC,
  key ASC
