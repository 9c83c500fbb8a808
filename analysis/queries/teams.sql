-- Names of teams as of the month's end. Grain: team.
-- Reads: visible_team_version of {{month}}. Read by: every list that shows teams. Parameters: $scope.
SELECT
  team AS team,
  arg_max(name, day_from) AS name
FROM {{month}}.visible_team_version($scope)
GROUP BY team
