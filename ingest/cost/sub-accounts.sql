-- Which sub accounts a unit bills in which month. Grain: month, sub account.
-- Reads: the unit's stored lines (the slot). Read by: load.ts, for the overlap check.
SELECT DISTINCT
  x_month AS month,
  lower(sub_account_id) AS "subAccount"
FROM {{lines}}
WHERE sub_account_id IS NOT NULL
ORDER BY ALL
