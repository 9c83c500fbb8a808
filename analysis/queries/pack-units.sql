-- What a month was imported from. Grain: unit. Reads: visible_month_unit of {{month}}.
-- Read by: audit pack. Parameters: $scope.
SELECT
  source AS "Source",
  unit AS "Unit",
  dataset AS "Dataset",
  scope AS "Scope",
  submitted_at AS "SubmittedAt",
  rows AS "Rows",
  rejected AS "RejectedRows",
  promised AS "PromisedRows",
  paired AS "Paired"
FROM {{month}}.visible_month_unit($scope)
ORDER BY
  encode(source),
  encode(unit)
