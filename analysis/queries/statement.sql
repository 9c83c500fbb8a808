-- The finance statement of a month. Grain: currency, business unit, cost centre, team.
-- Reads: visible_spend_month of {{month}}. Read by: export statement.
-- Parameters: $scope, $policy, $team (or NULL), $start, $end, $number, $state. Rows in byte order.
SELECT
  $start AS "BillingPeriodStart",
  $end AS "BillingPeriodEnd",
  business_unit AS "BusinessUnit",
  cost_center AS "CostCenter",
  team AS "Team",
  currency AS "BillingCurrency",
  CASE WHEN sum(billed_nulls) < sum(lines) THEN sum(billed) END AS "BilledCost",
  CASE WHEN sum(effective_nulls) < sum(lines) THEN sum(effective) END AS "EffectiveCost",
  CASE WHEN sum(list_nulls) < sum(lines) THEN sum(list) END AS "ListCost",
  CASE WHEN sum(effective_nulls) < sum(lines) THEN coalesce(sum(effective) FILTER (bucket NOT IN ('shared', 'idle')), 0) END AS "DirectCost",
  CASE WHEN sum(effective_nulls) < sum(lines) THEN coalesce(sum(effective) FILTER (bucket = 'shared'), 0) END AS "SharedCost",
  CASE WHEN sum(effective_nulls) < sum(lines) THEN coalesce(sum(effective) FILTER (bucket = 'idle'), 0) END AS "IdleCost",
  $number AS "StatementNumber",
  $state AS "State"
FROM {{month}}.visible_spend_month($scope)
WHERE (policy IS NULL OR policy = $policy)
  AND ($team IS NULL OR team = $team)
GROUP BY
  business_unit,
  cost_center,
  team,
  currency
-- What was passed on whole is no row.
HAVING NOT (team IN ('__idle__', '__system__', '__control_plane__', '__network__', '__commitment_unused__') AND sum(abs(effective)) > 0 AND sum(effective) = 0 AND sum(billed) = 0)
ORDER BY
  encode(currency),
  encode(business_unit),
  encode(team),
  encode(cost_center)
