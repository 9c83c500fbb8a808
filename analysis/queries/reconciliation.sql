-- What the bill says, what was attributed, what Azure states. Grain: currency, measure.
-- Reads: visible_line, visible_control, visible_stated of {{month}}. Read by: GET reconciliation.
-- Parameters: $scope. Company totals: only for those who see everything, so nothing is shown in a scope.
WITH
measures AS (
  SELECT currency AS currency, 'effective' AS measure, sum(effective) AS amount, CAST(sum(effective_nulls) AS BIGINT) AS unstated, CAST(sum(lines) AS BIGINT) AS lines FROM {{month}}.visible_spend_month($scope) WHERE policy IS NULL GROUP BY currency
  UNION ALL
  SELECT currency, 'billed', sum(billed), CAST(sum(billed_nulls) AS BIGINT), CAST(sum(lines) AS BIGINT) FROM {{month}}.visible_spend_month($scope) WHERE policy IS NULL GROUP BY currency
  UNION ALL
  SELECT currency, 'list', sum(list), CAST(sum(list_nulls) AS BIGINT), CAST(sum(lines) AS BIGINT) FROM {{month}}.visible_spend_month($scope) WHERE policy IS NULL GROUP BY currency
  UNION ALL
  SELECT currency, 'contracted', sum(contracted), CAST(sum(contracted_nulls) AS BIGINT), CAST(sum(lines) AS BIGINT) FROM {{month}}.visible_spend_month($scope) WHERE policy IS NULL GROUP BY currency
),
imported AS (
  SELECT currency AS currency, measure AS measure, amount AS amount, rounded AS rounded
  FROM {{month}}.visible_imported($scope)
),
repairs AS (
  SELECT currency AS currency, measure AS measure, amount AS amount
  FROM {{month}}.visible_repair($scope)
),
azure AS (
  SELECT currency AS currency, measure AS measure, sum(amount) AS amount, max(as_of) AS as_of
  FROM {{month}}.visible_stated($scope)
  GROUP BY currency, measure
)
SELECT
  m.currency AS currency,
  m.measure AS measure,
  CASE WHEN m.unstated < m.lines THEN i.amount END AS imported,
  coalesce(r.amount, 0) AS adjusted,
  CASE WHEN m.unstated < m.lines THEN m.amount END AS attributed,
  m.amount - coalesce(i.amount, 0) - coalesce(r.amount, 0) AS difference,
  m.lines AS lines,
  m.unstated AS unstated,
  coalesce(i.rounded, 0) AS rounded,
  a.amount AS azure,
  m.amount - coalesce(r.amount, 0) - a.amount AS "azureDifference",
  a.as_of AS "azureAsOf"
FROM measures AS m
LEFT JOIN imported AS i
  ON i.currency = m.currency
  AND i.measure = m.measure
LEFT JOIN repairs AS r
  ON r.currency = m.currency
  AND r.measure = m.measure
LEFT JOIN azure AS a
  ON a.currency = m.currency
  AND a.measure = m.measure
ORDER BY
  m.currency,
  list_position(['effective', 'billed', 'list', 'contracted'], m.measure)
