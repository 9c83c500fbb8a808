-- Volumes of clusters that are bound to a claim and that no pod has mounted for two weeks.
-- Reads: volume_state, resource, span. Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
SELECT
  v.resource AS subject,
  v.cluster AS cluster,
  v.namespace AS namespace,
  v.claim AS name,
  [v.resource] AS accounts,
  r.currency AS currency,
  coalesce(v.last_mounted + 1, v.first_seen) AS since,
  v.last_mounted IS NULL AS since_at_least,
  'high' AS confidence,
  [
    {'fact': 'volume', 'value': v.pv},
    {'fact': 'claim', 'value': v.namespace || '/' || v.claim},
    {'fact': 'last mounted', 'value': coalesce(CAST(v.last_mounted AS VARCHAR), 'not since ' || v.first_seen)},
    {'fact': 'days looked at, last 14', 'value': CAST(v.days_of_14 AS VARCHAR)}
  ] AS evidence
FROM volume_state AS v
JOIN resource AS r
  ON r.resource = v.resource
CROSS JOIN span AS s
WHERE v.days_of_14 >= 13
  AND v.bound_of_14 = v.days_of_14
  AND coalesce(v.last_mounted <= v.until - 14, v.first_seen <= v.until - 13)
  AND r.last_day >= s.until - 2
  AND r.cost > 0
