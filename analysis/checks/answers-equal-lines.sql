-- The tables the pages read say what the lines and their shares say, per currency and team, in every
-- measure, before anything is redistributed.
WITH
sums AS (
  SELECT billing_currency AS currency, x_team AS team, coalesce(sum(billed_cost), 0) AS billed, coalesce(sum(effective_cost), 0) AS effective, coalesce(sum(list_cost), 0) AS list, coalesce(sum(contracted_cost), 0) AS contracted FROM (
    SELECT billing_currency, x_team, billed_cost, effective_cost, list_cost, contracted_cost FROM line WHERE x_bucket <> '__split__'
    UNION ALL
    SELECT currency, team, billed, effective, list, contracted FROM cluster_spend
  ) GROUP BY billing_currency, x_team
  UNION ALL
  SELECT currency, team, sum(billed), sum(effective), sum(list), sum(contracted) FROM spend WHERE policy IS NULL GROUP BY currency, team
  UNION ALL
  SELECT currency, team, sum(billed), sum(effective), sum(list), sum(contracted) FROM spend_month WHERE policy IS NULL GROUP BY currency, team
  UNION ALL
  SELECT currency, team, sum(billed), sum(effective), sum(list), sum(contracted) FROM spend_resource WHERE policy IS NULL GROUP BY currency, team
),
teams AS (
  SELECT
    currency AS currency,
    team AS team,
    count(*) = 4 AND min(billed) = max(billed) AND min(effective) = max(effective) AND min(list) = max(list) AND min(contracted) = max(contracted) AS ok,
    min(effective) AS least,
    max(effective) AS most
  FROM sums
  GROUP BY
    currency,
    team
)
SELECT
  currency AS currency,
  bool_and(ok) AS ok,
  concat(
    'lines, day, month and resource answers of ', count(*), ' teams and buckets: effective cost ', sum(least),
    CASE WHEN sum(least) = sum(most) THEN '' ELSE concat(' to ', sum(most)) END,
    coalesce('; they differ for ' || string_agg(CASE WHEN NOT ok THEN team END, ', '), '')
  ) AS detail
FROM teams
GROUP BY currency
ORDER BY currency
