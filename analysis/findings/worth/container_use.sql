-- What containers asked for on a node over the window, and the first and last hour they ran there. Grain: node (hash),
-- namespace, pod, container. Core-milliseconds, MiB-seconds. Reads: window_usage_hour. Read by: container_steady,
-- container_pool. Nothing is looked up by the hour here: of rows there are a thousand times as many as of pods.
SELECT
  hash(cluster, node) AS node_hash,
  namespace AS namespace,
  pod_uid AS pod_uid,
  container AS container,
  any_value(cluster) AS cluster,
  any_value(pod) AS pod,
  min(hour) AS first_hour,
  max(hour) AS last_hour,
  sum(seconds) AS seconds,
  sum(cpu_requested) AS cpu_requested,
  sum(mem_requested) AS mem_requested
FROM window_usage_hour
GROUP BY
  hash(cluster, node),
  namespace,
  pod_uid,
  container
