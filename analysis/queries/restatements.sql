-- What changed after the month was first published. Grain: build, currency, team, service.
-- Reads: visible_restatement of {{month}}. Read by: GET reconciliation. Parameters: $scope, $limit.
SELECT
  r.at AS at,
  cause AS cause,
  currency AS currency,
  team AS team,
  service AS service,
  was AS was,
  now AS now,
  now - was AS change
FROM {{month}}.visible_restatement($scope) AS r
ORDER BY
  r.at DESC,
  abs(now - was) DESC,
  team ASC,
  service ASC
LIMIT $limit
