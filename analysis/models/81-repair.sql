-- What repairs of known provider defects add. Grain: currency, measure.
-- Reads: line. Read by: reconciliation.
SELECT billing_currency AS currency, 'effective' AS measure, sum(effective_cost) AS amount FROM line WHERE x_adjustment IS NOT NULL GROUP BY billing_currency
UNION ALL
SELECT billing_currency, 'billed', sum(billed_cost) FROM line WHERE x_adjustment IS NOT NULL GROUP BY billing_currency
