-- What the files of a month said when they were read. Grain: source, unit, currency.
-- Reads: visible_control of {{month}}. Read by: audit pack. Parameters: $scope.
SELECT
  source AS "Source",
  unit AS "Unit",
  currency AS "BillingCurrency",
  sum(billed) AS "BilledCost",
  sum(effective) AS "EffectiveCost",
  sum(list) AS "ListCost",
  sum(contracted) AS "ContractedCost",
  sum(rounded) AS "Rounded"
FROM {{month}}.visible_control($scope)
GROUP BY
  source,
  unit,
  currency
ORDER BY
  encode(source),
  encode(unit),
  encode(currency)
