-- A month's total and the one before. Grain: one row.
-- Reads: visible_spend_month of {{month}} and {{previous}}. Read by: every page's meta.
-- Parameters: $scope, $policy, $currency, $team, $cluster, $namespace (or NULL). Slots: {{at_place}}, {{measure}}, {{nulls}}, {{month}}, {{previous}}.
SELECT
  (
    SELECT coalesce(sum({{measure}}), 0)
    FROM {{month}}.visible_spend_month($scope)
    WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
  ) AS total,
  (
    SELECT sum({{measure}})
    FROM {{previous}}.visible_spend_month($scope)
    WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
  ) AS previous,
  (
    SELECT coalesce(sum({{nulls}}), 0)
    FROM {{month}}.visible_spend_month($scope)
    WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
  ) AS unstated,
  (
    SELECT coalesce(list_sort(list(DISTINCT currency)), [])
    FROM {{month}}.visible_spend_month($scope)
  ) AS currencies
