-- What changed against the month's last publish, over the days that publish knew; growth of an open
-- month is no restatement. Grain: currency, team, service. Appended to the rows of earlier builds.
-- Reads: spend, before_spend (the last publish's), before.restatement. Read by: reconciliation.
WITH
known_days AS (
  -- A month that was empty after it had been filled knew all its days.
  SELECT coalesce(max(day), CASE WHEN (SELECT count(*) FROM before.restatement) > 0 THEN DATE '9999-12-31' END) AS last_day
  FROM before_spend
),
old AS (
  SELECT currency AS currency, team AS team, service AS service, sum(effective) AS effective, sum(billed) AS billed
  FROM before_spend
  WHERE policy IS NULL OR policy = 'configured'
  GROUP BY currency, team, service
),
new AS (
  SELECT currency AS currency, team AS team, service AS service, sum(effective) AS effective, sum(billed) AS billed
  FROM spend
  WHERE day <= (SELECT last_day FROM known_days)
    AND (policy IS NULL OR policy = 'configured')
  GROUP BY currency, team, service
)
SELECT
  b.at AS at,
  cause AS cause,
  currency AS currency,
  team AS team,
  service AS service,
  was AS was,
  now AS now,
  was_billed AS was_billed,
  now_billed AS now_billed
FROM before.restatement AS b
UNION ALL
SELECT
  $built_at AS at,
  $cause AS cause,
  coalesce(o.currency, n.currency) AS currency,
  coalesce(o.team, n.team) AS team,
  coalesce(o.service, n.service) AS service,
  coalesce(o.effective, 0) AS was,
  coalesce(n.effective, 0) AS now,
  coalesce(o.billed, 0) AS was_billed,
  coalesce(n.billed, 0) AS now_billed
FROM old AS o
FULL OUTER JOIN new AS n
  ON n.currency = o.currency
  AND n.team = o.team
  AND n.service = o.service
WHERE coalesce(o.effective, 0) <> coalesce(n.effective, 0)
  OR coalesce(o.billed, 0) <> coalesce(n.billed, 0)
