-- Days of a window that have cost of a cluster. Grain: day. Reads: every.visible_allocation_day.
-- Read by: OpenCost's allocation. Parameters: $scope, $currency, $from, $until.
SELECT DISTINCT CAST(day AS VARCHAR) AS day
FROM every.visible_allocation_day($scope)
WHERE currency = $currency
  AND day >= CAST($from AS DATE)
  AND day < CAST($until AS DATE)
ORDER BY 1
