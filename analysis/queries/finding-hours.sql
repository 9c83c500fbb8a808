-- The evidence of a recommendation, as it is packed (analysis/findings/hours.ts). Grain: recommendation.
-- Reads: findings.visible_recommendation_hours. Read by: GET findings/{id}. Parameters: $scope, $series.
SELECT
  first_hour AS first,
  hours AS hours,
  to_base64(packed) AS packed
FROM findings.visible_recommendation_hours($scope)
WHERE series_id = $series
