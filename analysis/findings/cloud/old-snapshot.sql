-- Snapshots that are billed for 90 days or longer. Reads: resource, span. Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
SELECT
  r.resource AS subject,
  CAST(NULL AS VARCHAR) AS cluster,
  CAST(NULL AS VARCHAR) AS namespace,
  r.name AS name,
  [r.resource] AS accounts,
  r.currency AS currency,
  r.first_day AS since,
  r.first_day <= s.seen_from AS since_at_least,
  'medium' AS confidence,
  [
    {'fact': 'first billed', 'value': CAST(r.first_day AS VARCHAR)},
    {'fact': 'billed for days', 'value': CAST(s.until - r.first_day + 1 AS VARCHAR)}
  ] AS evidence
FROM resource AS r
CROSS JOIN span AS s
WHERE r.type = 'microsoft.compute/snapshots'
  AND r.first_day <= s.until - 89
  AND r.last_day >= s.until - 2
  AND r.cost > 0
