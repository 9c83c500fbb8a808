-- Of a pair of actual and amortised exports: Σ billed = Σ of the actual file. They differ while the
-- two were exported at different times.
WITH
pairs AS (
  SELECT DISTINCT pair AS pair FROM month_unit WHERE paired
),
actual AS (
  SELECT u.pair AS pair, c.currency AS currency, sum(c.billed) AS billed
  FROM control AS c
  JOIN month_unit AS u
    ON u.source = c.source
    AND u.unit = c.unit
  WHERE u.paired AND u.dataset = 'ActualCost'
  GROUP BY u.pair, c.currency
),
lines AS (
  SELECT u.pair AS pair, l.billing_currency AS currency, sum(l.billed_cost) AS billed
  FROM line AS l
  JOIN month_unit AS u
    ON u.source = l.x_source
    AND u.unit = l.x_unit
  WHERE u.paired AND l.x_adjustment IS NULL
  GROUP BY u.pair, l.billing_currency
)
SELECT
  coalesce(a.currency, l.currency) AS currency,
  coalesce(a.billed, 0) = coalesce(l.billed, 0) AS ok,
  concat(coalesce(a.pair, l.pair), ': billed cost ', coalesce(a.billed, 0), ' in the actual export, ', coalesce(l.billed, 0), ' from the pair', CASE WHEN coalesce(a.billed, 0) = coalesce(l.billed, 0) THEN '' ELSE concat(', ', coalesce(l.billed, 0) - coalesce(a.billed, 0), ' apart; export both again at the same time') END) AS detail
FROM actual AS a
FULL OUTER JOIN lines AS l
  ON l.pair = a.pair
  AND l.currency = a.currency
ORDER BY currency, detail
