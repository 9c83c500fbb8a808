-- What all teams cost together. Grain: one row.
-- Reads: visible_spend_month of {{month}}. Read by: every page's meta, where company totals are shown to teams.
-- Parameters: $scope (NULL for who may see it, else nothing is summed), $policy, $currency. Slots: {{measure}}, {{month}}.
SELECT
  CASE WHEN $scope IS NULL THEN coalesce(sum({{measure}}), 0) END AS total
FROM {{month}}.visible_spend_month($scope)
WHERE (policy IS NULL OR policy = $policy)
  AND currency = $currency
