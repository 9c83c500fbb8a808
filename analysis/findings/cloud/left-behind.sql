-- Disks and addresses that a removed server left behind: nothing else is billed in their resource group any
-- more. Reads: resource, group_type, span, volume_known. Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- A group that never had a server in sight may well lend its disks elsewhere, and a volume that a cluster
-- knows is not the group's: neither says anything.
WITH
groups AS (
  SELECT
    g.subscription AS subscription,
    g.resource_group AS resource_group
  FROM group_type AS g
  GROUP BY
    g.subscription,
    g.resource_group
  HAVING bool_and(g.type IN ('microsoft.compute/disks', 'microsoft.compute/snapshots', 'microsoft.network/publicipaddresses'))
),
gone AS (
  SELECT
    r.subscription AS subscription,
    r.resource_group AS resource_group,
    max(r.last_day) AS last_day,
    arg_max(r.name, r.last_day) AS server
  FROM resource AS r
  WHERE r.type IN ('microsoft.compute/virtualmachines', 'microsoft.compute/virtualmachinescalesets')
  GROUP BY
    r.subscription,
    r.resource_group
)
SELECT
  r.resource AS subject,
  CAST(NULL AS VARCHAR) AS cluster,
  CAST(NULL AS VARCHAR) AS namespace,
  r.name AS name,
  [r.resource] AS accounts,
  r.currency AS currency,
  g.last_day + 1 AS since,
  false AS since_at_least,
  'medium' AS confidence,
  [
    {'fact': 'kind', 'value': CASE r.type WHEN 'microsoft.compute/disks' THEN 'disk' ELSE 'public address' END},
    {'fact': 'last server of its resource group', 'value': g.server},
    {'fact': 'that server last billed', 'value': CAST(g.last_day AS VARCHAR)},
    {'fact': 'anything else billed in the group, last 14 days', 'value': 'disks, snapshots and addresses only'}
  ] AS evidence
FROM resource AS r
CROSS JOIN span AS s
JOIN groups AS o
  ON o.subscription = r.subscription
  AND o.resource_group = r.resource_group
JOIN gone AS g
  ON g.subscription = r.subscription
  AND g.resource_group = r.resource_group
  AND g.last_day <= s.until - 14
LEFT JOIN volume_known AS v
  ON v.resource = r.resource
WHERE r.type IN ('microsoft.compute/disks', 'microsoft.network/publicipaddresses')
  AND r.cluster IS NULL
  AND r.last_day >= s.until - 2
  AND r.cost > 0
  AND v.resource IS NULL
