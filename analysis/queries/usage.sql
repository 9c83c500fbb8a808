-- What was asked for and used, day by day or workload by workload. Grain: day or workload.
-- Reads: visible_usage_day of {{month}}. Read by: GET usage.
-- Parameters: $scope, $cluster, $namespace, $workload_kind, $workload (or NULL), $by (day, workload), $limit.
-- Core-milliseconds and MiB-seconds; whole numbers below 2^53 for any month that one machine holds.
SELECT
  CASE WHEN $by = 'day' THEN CAST(day AS VARCHAR) ELSE concat(cluster, '/', namespace, '/', workload_kind, '/', workload) END AS key,
  CAST(sum(seconds) AS DOUBLE) AS seconds,
  CAST(sum(cpu_used) AS DOUBLE) AS "cpuUsed",
  CAST(sum(cpu_requested) AS DOUBLE) AS "cpuRequested",
  CAST(sum(cpu_effective) AS DOUBLE) AS "cpuEffective",
  CAST(sum(mem_used) AS DOUBLE) AS "memUsed",
  CAST(sum(mem_requested) AS DOUBLE) AS "memRequested",
  CAST(sum(mem_effective) AS DOUBLE) AS "memEffective",
  CAST(sum(gpu_requested) AS DOUBLE) AS "gpuRequested"
FROM {{month}}.visible_usage_day($scope)
WHERE ($cluster IS NULL OR cluster = $cluster)
  AND ($namespace IS NULL OR namespace = $namespace)
  AND ($workload_kind IS NULL OR workload_kind = $workload_kind)
  AND ($workload IS NULL OR workload = $workload)
GROUP BY 1
ORDER BY 1
LIMIT $limit
