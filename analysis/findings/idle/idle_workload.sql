-- Workloads that run and do nothing. Grain: cluster, namespace, workload.
-- Reads: recommendation, workload_traffic. Read by: idle findings.
-- All of it, over 14 days of at least 90 % coverage: every container's 99th percentile of CPU is under 5
-- millicores or 3 % of its request, whichever is more; memory is flat; the pods' traffic above the
-- namespace's own floor is under 1 KiB a second in 99 of 100 hours. What was not measured is not idle.
WITH
containers AS (
  SELECT
    r.*,
    greatest(5000, int_div(coalesce(r.cpu_request, 0) * 3, 100)) AS cpu_bound
  FROM recommendation AS r
  WHERE r.workload_kind NOT IN ('DaemonSet', 'CronJob', 'Job', 'GroupedJob')
),
quiet AS (
  SELECT
    c.cluster AS cluster,
    c.namespace AS namespace,
    c.workload_kind AS workload_kind,
    c.workload AS workload,
    max(c.team) AS team,
    max(c.cpu_p99) AS cpu_p99,
    max(c.cpu_bound) AS cpu_bound,
    min(c.coverage_ppm) AS coverage_ppm,
    max(c.replicas_last) AS replicas,
    max(c.window_until) AS window_until,
    min(c.series_id) AS series_id
  FROM containers AS c
  GROUP BY
    c.cluster,
    c.namespace,
    c.workload_kind,
    c.workload
  HAVING bool_and(coalesce(c.cpu_p99 < c.cpu_bound, false))
    AND bool_and(coalesce(c.mem_flat, false))
    AND min(c.coverage_ppm) >= 900000
    AND min(c.first_at) <= max(c.window_until) - 14 * 86400
    -- Its pods run to the end of what was seen.
    AND max(c.last_at) >= max(c.window_until) - 3600
    AND max(c.replicas_last) >= 1
)
SELECT
  q.cluster AS cluster,
  q.namespace AS namespace,
  q.workload_kind AS workload_kind,
  q.workload AS workload,
  q.team AS team,
  q.series_id AS series_id,
  CAST(day_of(q.window_until) - 14 AS VARCHAR) AS since,
  [
    {'fact': 'CPU, 99 of 100 five minutes', 'value': concat('at most ', int_div(q.cpu_p99, 1000), ' m; idle is under ', int_div(q.cpu_bound, 1000), ' m')},
    {'fact': 'memory', 'value': 'varies by less than 5 %'},
    {'fact': 'network, 99 of 100 hours', 'value': concat('at most ', greatest(0, t.rate_p99 - t.floor_rate), ' B/s above the namespace''s floor of ', t.floor_rate, ' B/s')},
    {'fact': 'replicas running', 'value': CAST(q.replicas AS VARCHAR)},
    {'fact': 'coverage', 'value': concat(int_div(q.coverage_ppm, 10000), ' %')}
  ] AS evidence
FROM quiet AS q
JOIN workload_traffic AS t
  ON t.cluster = q.cluster
  AND t.namespace = q.namespace
  AND t.workload_kind = q.workload_kind
  AND t.workload = q.workload
WHERE t.bytes > 0
  AND t.rate_p99 - t.floor_rate < 1024
