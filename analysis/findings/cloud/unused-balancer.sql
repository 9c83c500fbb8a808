-- Internal load balancers of clusters without an internal service. Reads: internal_service, resource, span.
-- Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- Only the Kubernetes source tells internal services from others; the outer balancer also carries what
-- nodes send and is never named here.
SELECT
  r.resource AS subject,
  r.cluster AS cluster,
  CAST(NULL AS VARCHAR) AS namespace,
  r.name AS name,
  [r.resource] AS accounts,
  r.currency AS currency,
  coalesce(CAST(i.last_seen AS DATE), CAST(i.scanned_from AS DATE)) AS since,
  i.last_seen IS NULL AS since_at_least,
  'high' AS confidence,
  [
    {'fact': 'internal services now', 'value': '0'},
    {'fact': 'last internal service until', 'value': coalesce(i.last_seen, 'none since ' || i.scanned_from)},
    {'fact': 'services last listed', 'value': i.scanned_until}
  ] AS evidence
FROM resource AS r
CROSS JOIN span AS s
JOIN internal_service AS i
  ON i.cluster = r.cluster
WHERE r.type = 'microsoft.network/loadbalancers'
  AND r.name = 'kubernetes-internal'
  AND r.last_day >= s.until - 2
  AND r.cost > 0
  AND i.open = 0
  AND CAST(i.scanned_from AS DATE) <= s.until - 14
  AND CAST(i.scanned_until AS DATE) >= s.until - 2
  AND coalesce(CAST(i.last_seen AS DATE) <= s.until - 14, true)
