-- The tables the pages read say what the lines say, per currency, in every measure.
WITH
sums AS (
  SELECT billing_currency AS currency, 'lines' AS origin, coalesce(sum(billed_cost), 0) AS billed, coalesce(sum(effective_cost), 0) AS effective, coalesce(sum(list_cost), 0) AS list, coalesce(sum(contracted_cost), 0) AS contracted FROM line GROUP BY billing_currency
  UNION ALL
  SELECT currency, 'day', sum(billed), sum(effective), sum(list), sum(contracted) FROM spend GROUP BY currency
  UNION ALL
  SELECT currency, 'month', sum(billed), sum(effective), sum(list), sum(contracted) FROM spend_month GROUP BY currency
  UNION ALL
  SELECT currency, 'resource', sum(billed), sum(effective), sum(list), sum(contracted) FROM spend_resource GROUP BY currency
)
SELECT
  currency AS currency,
  count(*) = 4 AND min(billed) = max(billed) AND min(effective) = max(effective) AND min(list) = max(list) AND min(contracted) = max(contracted) AS ok,
  concat('lines, day, month and resource answers: effective cost ', min(effective), CASE WHEN min(effective) = max(effective) THEN '' ELSE concat(' to ', max(effective)) END) AS detail
FROM sums
GROUP BY currency
ORDER BY currency
