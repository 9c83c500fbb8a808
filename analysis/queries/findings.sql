-- Findings, most to save first. Grain: finding.
-- Reads: findings.visible_finding. Read by: GET findings, the command findings, the pages.
-- Parameters: $scope; $dismissed, the decisions made so far as JSON texts; $kind, $team, $cluster, $id
-- and $text or NULL; $state; $currency; $limit, $offset.
WITH
decisions AS (
  SELECT
    (d ->> '$.id') AS id,
    (d ->> '$.until') AS until,
    (d ->> '$.reason') AS reason,
    (d ->> '$.actor') AS actor
  FROM (SELECT unnest(CAST($dismissed AS VARCHAR[])) AS d)
),
told AS (
  SELECT
    f.*,
    d.until AS dismissed_until,
    d.reason AS dismissed_reason,
    d.actor AS dismissed_by,
    CASE
      WHEN f.resolved_on IS NOT NULL THEN 'resolved'
      WHEN f.claimed_by IS NOT NULL THEN 'claimed'
      WHEN d.id IS NOT NULL THEN 'dismissed'
      ELSE 'open'
    END AS state
  FROM findings.visible_finding($scope) AS f
  LEFT JOIN decisions AS d
    ON d.id = f.id
)
SELECT
  id AS id,
  kind AS kind,
  subject AS subject,
  name AS name,
  cluster AS cluster,
  namespace AS namespace,
  workload_kind AS "workloadKind",
  workload AS workload,
  container AS container,
  team AS team,
  hint AS hint,
  currency AS currency,
  cost AS cost,
  paper AS paper,
  realisable AS realisable,
  extra AS extra,
  CAST(since AS VARCHAR) AS since,
  since_at_least AS "sinceAtLeast",
  confidence AS confidence,
  evidence AS evidence,
  state AS state,
  claimed_by AS "claimedBy",
  dismissed_until AS "dismissedUntil",
  dismissed_reason AS "dismissedReason",
  dismissed_by AS "dismissedBy",
  CAST(first_seen AS VARCHAR) AS "firstSeen",
  CAST(last_seen AS VARCHAR) AS "lastSeen",
  CAST(resolved_on AS VARCHAR) AS "resolvedOn",
  saved AS saved,
  CAST(window_from AS VARCHAR) AS "windowFrom",
  CAST(window_until AS VARCHAR) AS "windowUntil",
  series_id AS "seriesId"
FROM told
WHERE ($id IS NULL OR id = $id)
  AND ($kind IS NULL OR kind = $kind)
  AND ($team IS NULL OR team = $team)
  AND ($cluster IS NULL OR cluster = $cluster)
  AND ($currency IS NULL OR currency = $currency)
  AND ($state = 'all' OR state = $state)
  AND ($text IS NULL OR contains(lower(concat_ws(' ', subject, name)), lower($text)))
ORDER BY
  realisable DESC,
  paper DESC,
  extra DESC,
  id
LIMIT $limit
OFFSET $offset
