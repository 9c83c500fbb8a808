-- Disks that a cluster made for a claim that is gone. Reads: volume_disk, volume_state, volume_seen, resource,
-- span. Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- The disk bills in the node resource group, and for two weeks the cluster knew of no claim bound to it,
-- on days on which it knew of others.
SELECT
  d.resource AS subject,
  d.cluster AS cluster,
  coalesce(v.namespace, d.namespace) AS namespace,
  r.name AS name,
  [d.resource] AS accounts,
  r.currency AS currency,
  coalesce(v.last_bound + 1, r.first_day) AS since,
  v.last_bound IS NULL AND r.first_day <= s.seen_from AS since_at_least,
  'high' AS confidence,
  [
    {'fact': 'made for the claim', 'value': coalesce(nullif(concat_ws('/', v.namespace, v.claim), ''), nullif(d.namespace, ''), 'not said')},
    {'fact': 'last bound', 'value': coalesce(CAST(v.last_bound AS VARCHAR), 'not since ' || c.first_seen)},
    {'fact': 'days the cluster told of volumes, last 14', 'value': CAST(c.days_of_14 AS VARCHAR)}
  ] AS evidence
FROM volume_disk AS d
JOIN resource AS r
  ON r.resource = d.resource
CROSS JOIN span AS s
JOIN volume_seen AS c
  ON c.cluster = d.cluster
  AND c.days_of_14 >= 13
LEFT JOIN volume_state AS v
  ON v.cluster = d.cluster
  AND v.resource = d.resource
WHERE coalesce(v.last_bound, r.first_day - 1) <= c.until - 14
  AND r.last_day >= s.until - 2
  AND r.cost > 0
