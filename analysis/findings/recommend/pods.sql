-- Pods of a cluster's window and what they are of: the workload they were longest of, seconds they ran,
-- which revision, and whether they still ran at the window's end. Grain: pod.
-- Reads: window_pods (pod_day of one cluster's window). Read by: recommend/workloads.ts.
-- Parameters: window_until (epoch seconds).
SELECT
  pod_uid AS pod_uid,
  arg_max(namespace, until_s) AS namespace,
  arg_max(pod, until_s) AS pod,
  arg_max(workload_kind, running_s) AS workload_kind,
  arg_max(workload, running_s) AS workload,
  CAST(sum(running_s) AS BIGINT) AS running_s,
  max(until_s) >= $window_until - 600 AS runs_on,
  arg_max(
    coalesce(
      json_extract_string(labels, '$."pod-template-hash"'),
      json_extract_string(labels, '$."rollouts-pod-template-hash"'),
      json_extract_string(labels, '$."rollouts_pod_template_hash"'),
      json_extract_string(labels, '$."controller-revision-hash"')
    ),
    until_s
  ) AS revision,
  arg_max(labels, until_s) AS labels,
  arg_max(annotations, until_s) AS annotations
FROM window_pods
GROUP BY
  pod_uid
