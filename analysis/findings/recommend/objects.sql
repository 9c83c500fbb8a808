-- Workloads and autoscalers as the Kubernetes source last knew them before a window's end. Grain: object.
-- Reads: work.inventory. Read by: recommend/workloads.ts.
-- Parameters: cluster, sources, window_until (ISO 8601 UTC).
SELECT
  kind AS kind,
  namespace AS namespace,
  name AS name,
  arg_max(annotations, valid_from) AS annotations,
  arg_max(labels, valid_from) AS labels,
  arg_max(spec, valid_from) AS spec
FROM work.inventory
WHERE
  cluster = $cluster
  AND list_contains($sources, source)
  AND list_contains(['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout', 'CronJob', 'Job', 'HorizontalPodAutoscaler'], kind)
  AND valid_from < $window_until
  AND (valid_to IS NULL OR valid_to >= $window_until)
GROUP BY
  kind,
  namespace,
  name
