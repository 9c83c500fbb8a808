-- The currencies a caller has cost in. Grain: currency.
-- Reads: visible_spend_month of {{month}}. Read by: every page's meta, OpenCost's allocation. Parameters: $scope.
SELECT DISTINCT
  currency AS currency
FROM {{month}}.visible_spend_month($scope)
ORDER BY 1
