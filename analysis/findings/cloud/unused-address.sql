-- Public addresses made for a service that is gone. Reads: address_service, service_seen, resource, span.
-- Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- Azure's tag names the service; for two weeks the cluster told of its services, and of none by that name.
SELECT
  a.resource AS subject,
  a.cluster AS cluster,
  min(a.namespace) AS namespace,
  r.name AS name,
  [a.resource] AS accounts,
  r.currency AS currency,
  coalesce(max(a.last_seen) + 1, min(r.first_day)) AS since,
  max(a.last_seen) IS NULL AS since_at_least,
  'high' AS confidence,
  [
    {'fact': 'made for the service', 'value': string_agg(a.namespace || '/' || a.service, ', ' ORDER BY a.namespace, a.service)},
    {'fact': 'service last seen', 'value': coalesce(CAST(max(a.last_seen) AS VARCHAR), 'not since ' || min(c.first_seen))},
    {'fact': 'days the cluster was seen, last 14', 'value': CAST(min(c.days_of_14) AS VARCHAR)}
  ] AS evidence
FROM address_service AS a
JOIN resource AS r
  ON r.resource = a.resource
CROSS JOIN span AS s
JOIN service_seen AS c
  ON c.cluster = a.cluster
  AND c.days_of_14 >= 13
WHERE r.last_day >= s.until - 2
  AND r.cost > 0
GROUP BY
  a.resource,
  a.cluster,
  r.name,
  r.currency
HAVING coalesce(max(a.last_seen), min(r.first_day) - 1) <= min(c.until) - 14
