-- What was found or recommended though it was not measured or not looked at. Grain: container or finding.
-- Reads: recommendation, finding, finding_claim, volume_seen, service_seen, internal_service. Read by: the checks on
-- findings. A gap is not zero use, and a cluster that tells nothing has nothing that is unused.
SELECT
  concat_ws('/', r.cluster, r.namespace, r.workload_kind, r.workload, r.container) AS finding,
  concat('recommended or idle at a coverage of ', r.coverage_ppm, ' ppm') AS problem
FROM recommendation AS r
WHERE (r.cpu_recommended IS NOT NULL OR r.mem_recommended IS NOT NULL OR r.class = 'idle')
  AND coalesce(r.coverage_ppm, 0) < 900000
UNION ALL
SELECT
  concat_ws('/', r.cluster, r.namespace, r.workload_kind, r.workload, r.container),
  'neither recommended nor abstained, or both'
FROM recommendation AS r
WHERE (r.cpu_recommended IS NULL) <> (r.abstained_cpu IS NOT NULL)
  OR (r.mem_recommended IS NULL) <> (r.abstained_mem IS NOT NULL)
UNION ALL
SELECT
  f.id,
  concat('of ', f.subject, ', of which nothing is measured')
FROM finding AS f
LEFT JOIN recommendation AS r
  ON r.cluster = f.cluster
  AND r.namespace = f.namespace
  AND (f.workload IS NULL OR (r.workload_kind = f.workload_kind AND r.workload = f.workload))
  AND (f.container IS NULL OR r.container = f.container)
WHERE f.id IN (SELECT finding FROM finding_claim)
  AND f.kind IN ('dormant-namespace', 'idle-workload', 'oversized-container', 'undersized-container')
GROUP BY
  f.id,
  f.kind,
  f.subject
HAVING count(r.series_id) = 0
  OR (f.kind = 'idle-workload' AND coalesce(min(r.coverage_ppm), 0) < 900000)
UNION ALL
SELECT
  f.id,
  concat('of ', f.subject, ', in a cluster that tells nothing of such things')
FROM finding AS f
WHERE f.id IN (SELECT finding FROM finding_claim)
  AND CASE f.kind
    WHEN 'released-volume' THEN f.cluster NOT IN (SELECT cluster FROM volume_seen WHERE days_of_14 >= 13)
    WHEN 'unmounted-volume' THEN f.cluster NOT IN (SELECT cluster FROM volume_seen WHERE days_of_14 >= 13)
    WHEN 'unused-address' THEN f.cluster NOT IN (SELECT cluster FROM service_seen WHERE days_of_14 >= 13)
    WHEN 'unused-balancer' THEN f.cluster NOT IN (SELECT cluster FROM internal_service WHERE scanned_until IS NOT NULL)
    ELSE false
  END
