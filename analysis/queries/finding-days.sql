-- What a finding's thing cost by day. Grain: day. Reads: findings.visible_finding_day.
-- Read by: GET findings/{id}. Parameters: $scope, $id.
SELECT
  CAST(day AS VARCHAR) AS day,
  cost AS cost
FROM findings.visible_finding_day($scope)
WHERE finding = $id
ORDER BY
  day
