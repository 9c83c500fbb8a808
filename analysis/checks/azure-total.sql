-- Our total beside the one Azure states, within the configured drift.
WITH
ours AS (
  SELECT billing_currency AS currency, 'billed' AS measure, sum(billed_cost) AS amount FROM line WHERE x_adjustment IS NULL GROUP BY billing_currency
  UNION ALL
  SELECT billing_currency, 'effective', sum(effective_cost) FROM line WHERE x_adjustment IS NULL GROUP BY billing_currency
),
azure AS (
  SELECT currency AS currency, measure AS measure, sum(amount) AS amount, max(as_of) AS as_of FROM stated GROUP BY currency, measure
)
SELECT
  a.currency AS currency,
  abs(a.amount - coalesce(o.amount, 0)) <= CAST($drift AS DECIMAL(38,18)) AS ok,
  concat(a.measure, ' cost: ours ', coalesce(o.amount, 0), ', Azure''s ', a.amount, ' (as of ', a.as_of, '), difference ', coalesce(o.amount, 0) - a.amount) AS detail
FROM azure AS a
LEFT JOIN ours AS o
  ON o.currency = a.currency
  AND o.measure = a.measure
ORDER BY a.currency, a.measure
