-- App Service Environments without a plan. Reads: resource, span. Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- An empty environment (v3) is billed as one Windows I1v2 instance on the environment itself; a zone-redundant
-- one that is too small is too, so any isolated plan of the subscription speaks against it.
SELECT
  r.resource AS subject,
  CAST(NULL AS VARCHAR) AS cluster,
  CAST(NULL AS VARCHAR) AS namespace,
  r.name AS name,
  [r.resource] AS accounts,
  r.currency AS currency,
  r.first_day AS since,
  r.first_day <= s.seen_from AS since_at_least,
  'high' AS confidence,
  [
    {'fact': 'billed on the environment itself', 'value': r.meters},
    {'fact': 'isolated plans in the subscription, last 14 days', 'value': '0'}
  ] AS evidence
FROM resource AS r
CROSS JOIN span AS s
WHERE r.type = 'microsoft.web/hostingenvironments'
  AND r.days_of_14 >= 13
  AND r.cost > 0
  AND regexp_matches(r.meters, '(?i)\bI\d+m?\s?v2')
  AND NOT EXISTS (
    SELECT 1
    FROM resource AS p
    WHERE p.type = 'microsoft.web/serverfarms'
      AND p.subscription = r.subscription
      AND p.last_day > s.until - 14
      AND regexp_matches(p.meters, '(?i)\bI\d')
  )
