-- Results of the month's checks. Grain: check, currency.
-- Reads: visible_check_result of {{month}}. Read by: GET reconciliation. Parameters: $scope.
SELECT
  name AS name,
  kind AS kind,
  ok AS ok,
  currency AS currency,
  detail AS detail
FROM {{month}}.visible_check_result($scope)
ORDER BY
  ok ASC,
  kind ASC,
  name ASC,
  currency ASC
