-- Money of a month that stands on nobody. Grain: currency, sentinel.
-- Reads: visible_spend_month of {{month}}. Read by: the questions before a month is closed.
-- Parameters: $scope, $policy.
SELECT
  currency AS currency,
  team AS team,
  sum(effective) AS amount
FROM {{month}}.visible_spend_month($scope)
WHERE (policy IS NULL OR policy = $policy)
  AND team IN ('__unowned__', '__unmatched__', '__unmounted__', '__no_usage_data__')
GROUP BY
  currency,
  team
HAVING sum(effective) <> 0
ORDER BY
  currency,
  team
