-- The month's bill lines in FOCUS 1.2 with their owner. Grain: one line.
-- Reads: visible_line of {{month}}. Read by: export lines.
-- Parameters: $scope, $team (or NULL).
SELECT *
FROM {{month}}.visible_line($scope)
WHERE $team IS NULL
  OR x_team = $team
