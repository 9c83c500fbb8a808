-- What a cluster's usage and shared services' weights divide adds up to the lines it divides, per currency and measure, to the last
-- digit; and each divided amount to its parts.
WITH
lines AS (
  SELECT
    l.billing_currency AS currency,
    count(*) AS lines,
    coalesce(sum(l.billed_cost), 0) AS billed,
    coalesce(sum(l.effective_cost), 0) AS effective,
    coalesce(sum(l.list_cost), 0) AS list,
    coalesce(sum(l.contracted_cost), 0) AS contracted
  FROM line AS l
  WHERE l.x_bucket = '__split__'
  GROUP BY
    l.billing_currency
),
shares AS (
  SELECT
    currency AS currency,
    amount_of(sum(billed)) AS billed,
    amount_of(sum(effective)) AS effective,
    amount_of(sum(list)) AS list,
    amount_of(sum(contracted)) AS contracted
  FROM cluster_spend
  GROUP BY
    currency
),
broken AS (
  SELECT count(*) AS amounts
  FROM (
    SELECT split_id AS split_id, units AS units
    FROM share
    GROUP BY split_id, units
    HAVING sum(part) <> units OR min(part) < 0
  )
)
SELECT
  l.currency AS currency,
  b.amounts = 0
    AND l.billed IS NOT DISTINCT FROM s.billed
    AND l.effective IS NOT DISTINCT FROM s.effective
    AND l.list IS NOT DISTINCT FROM s.list
    AND l.contracted IS NOT DISTINCT FROM s.contracted AS ok,
  concat(
    l.lines, ' divided lines: effective cost ', l.effective, ', in shares ', coalesce(CAST(s.effective AS VARCHAR), '-'),
    ', billed ', l.billed, ' / ', coalesce(CAST(s.billed AS VARCHAR), '-'),
    CASE WHEN b.amounts = 0 THEN '' ELSE concat('; ', b.amounts, ' amounts differ from their parts') END
  ) AS detail
FROM lines AS l
CROSS JOIN broken AS b
LEFT JOIN shares AS s
  ON s.currency = l.currency
ORDER BY
  l.currency
