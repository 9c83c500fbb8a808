-- App Service plans that no app runs on. Reads: resource, plan_app, span. Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- The bill names an app's plan in a tag or in the line's details. Where it names none at all in a
-- subscription it tells nothing about the plans there; where it does, a plan without any has none.
WITH
named AS (
  SELECT
    a.subscription AS subscription,
    count(DISTINCT a.app) AS apps
  FROM plan_app AS a
  CROSS JOIN span AS s
  WHERE a.last_day > s.until - 14
  GROUP BY
    a.subscription
),
last_app AS (
  SELECT
    plan AS plan,
    max(last_day) AS last_day,
    arg_max(app, last_day) AS app
  FROM plan_app
  GROUP BY
    plan
)
SELECT
  r.resource AS subject,
  CAST(NULL AS VARCHAR) AS cluster,
  CAST(NULL AS VARCHAR) AS namespace,
  r.name AS name,
  [r.resource] AS accounts,
  r.currency AS currency,
  coalesce(l.last_day + 1, r.first_day) AS since,
  l.last_day IS NULL AND r.first_day <= s.seen_from AS since_at_least,
  'medium' AS confidence,
  [
    {'fact': 'apps billed on it, last 14 days', 'value': '0'},
    {'fact': 'last app', 'value': coalesce(concat(regexp_extract(l.app, '([^/]+)$', 1), ', until ', l.last_day), 'none since ' || s.seen_from)},
    {'fact': 'apps the bill names on other plans there', 'value': CAST(n.apps AS VARCHAR)}
  ] AS evidence
FROM resource AS r
CROSS JOIN span AS s
JOIN named AS n
  ON n.subscription = r.subscription
LEFT JOIN last_app AS l
  ON l.plan = r.resource
WHERE r.type = 'microsoft.web/serverfarms'
  AND r.days_of_14 >= 13
  AND r.cost > 0
  AND coalesce(l.last_day <= s.until - 14, r.first_day <= s.until - 14)
