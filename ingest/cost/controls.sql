-- Control totals of the stored lines of one unit. Grain: month, currency.
-- Reads: the unit's lines as written (the slot). Read by: load.ts.
SELECT
  x_month AS month,
  billing_currency AS currency,
  count(*) AS rows,
  sum(billed_cost) AS billed,
  sum(effective_cost) AS effective,
  sum(list_cost) AS list,
  sum(contracted_cost) AS contracted,
  count(*) - count(billed_cost) AS billed_nulls,
  count(*) - count(effective_cost) AS effective_nulls,
  count(*) - count(list_cost) AS list_nulls,
  count(*) - count(contracted_cost) AS contracted_nulls,
  coalesce(sum(x_rounded_billed), 0)
    + coalesce(sum(x_rounded_effective), 0)
    + coalesce(sum(x_rounded_list), 0)
    + coalesce(sum(x_rounded_contracted), 0) AS rounded,
  coalesce(sum(x_rounded_billed), 0) AS rounded_billed,
  coalesce(sum(x_rounded_effective), 0) AS rounded_effective,
  coalesce(sum(x_rounded_list), 0) AS rounded_list,
  coalesce(sum(x_rounded_contracted), 0) AS rounded_contracted
FROM {{lines}}
GROUP BY
  x_month,
  billing_currency
ORDER BY
  x_month,
  billing_currency
