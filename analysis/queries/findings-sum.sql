-- What open findings are worth, by kind. Grain: currency, kind.
-- Reads: findings.visible_finding. Read by: GET findings, the command findings, the pages.
-- Parameters: $scope; $dismissed, the decisions made so far as JSON texts; $team or NULL.
WITH
decisions AS (
  SELECT (d ->> '$.id') AS id
  FROM (SELECT unnest(CAST($dismissed AS VARCHAR[])) AS d)
)
SELECT
  f.currency AS currency,
  f.kind AS kind,
  CAST(count(*) FILTER (WHERE f.resolved_on IS NULL AND f.claimed_by IS NULL AND d.id IS NULL) AS INTEGER) AS findings,
  coalesce(sum(f.paper) FILTER (WHERE f.resolved_on IS NULL AND d.id IS NULL), 0) AS paper,
  coalesce(sum(f.realisable) FILTER (WHERE f.resolved_on IS NULL AND d.id IS NULL), 0) AS realisable,
  coalesce(sum(f.saved) FILTER (WHERE f.resolved_on IS NOT NULL), 0) AS saved
FROM findings.visible_finding($scope) AS f
LEFT JOIN decisions AS d
  ON d.id = f.id
WHERE $team IS NULL
  OR f.team = $team
GROUP BY
  f.currency,
  f.kind
ORDER BY
  realisable DESC,
  f.currency,
  f.kind
