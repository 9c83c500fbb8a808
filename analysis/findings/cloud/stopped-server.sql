-- Servers that are switched off and still cost: disks, addresses and services of a virtual machine whose
-- compute time stopped two weeks ago or longer. Reads: resource, span. Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- A machine whose compute was never seen says nothing: it may be billed elsewhere.
WITH
servers AS (
  SELECT
    r.*
  FROM resource AS r
  CROSS JOIN span AS s
  WHERE r.type = 'microsoft.compute/virtualmachines'
    AND r.cluster IS NULL
    AND r.last_compute <= s.until - 14
),
left_over AS (
  SELECT
    v.resource AS server,
    v.name AS name,
    v.currency AS currency,
    v.last_compute AS last_compute,
    p.resource AS part,
    p.type AS type,
    p.cost AS cost
  FROM servers AS v
  CROSS JOIN span AS s
  JOIN resource AS p
    ON p.currency = v.currency
    AND p.subscription = v.subscription
    AND p.resource_group = v.resource_group
    AND p.last_day >= s.until - 2
    AND p.cost > 0
    AND p.last_compute IS NOT DISTINCT FROM CASE WHEN p.resource = v.resource THEN v.last_compute END
    AND (
      p.resource = v.resource
      OR (
        starts_with(p.name, v.name)
        AND (
          (p.type = 'microsoft.compute/disks' AND regexp_matches(substr(p.name, length(v.name) + 1), '^[-_](os|data)?[-_]?(disk|vhd)'))
          OR (p.type = 'microsoft.network/publicipaddresses' AND regexp_matches(substr(p.name, length(v.name) + 1), '^[-_]?(public)?[-_]?(ip|pip)'))
        )
      )
    )
)
SELECT
  server AS subject,
  CAST(NULL AS VARCHAR) AS cluster,
  CAST(NULL AS VARCHAR) AS namespace,
  name AS name,
  list(part ORDER BY part) AS accounts,
  currency AS currency,
  min(last_compute) + 1 AS since,
  false AS since_at_least,
  'high' AS confidence,
  [
    {'fact': 'compute last billed', 'value': CAST(min(last_compute) AS VARCHAR)},
    {'fact': 'still billed', 'value': string_agg(regexp_extract(part, '([^/]+)$', 1), ', ' ORDER BY part)}
  ] AS evidence
FROM left_over
GROUP BY
  server,
  name,
  currency
