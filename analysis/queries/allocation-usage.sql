-- What was asked for and used, by the same steps and owners as the cost beside it. Grain: step, cluster,
-- namespace, workload (where asked for), owner. Reads: every.visible_usage_day, every.visible_allocation_day.
-- Read by: OpenCost's allocation. Parameters: $scope, $currency, $from, $until, $step (days), $by_workload.
-- A workload without cost that day has no owner known: its team is NULL.
WITH
owner AS (
  SELECT
    day AS day,
    cluster AS cluster,
    namespace AS namespace,
    workload_kind AS workload_kind,
    workload AS workload,
    max(team) AS team
  FROM every.visible_allocation_day($scope)
  WHERE currency = $currency
    AND day >= CAST($from AS DATE)
    AND day < CAST($until AS DATE)
    AND workload <> ''
  GROUP BY ALL
)
SELECT
  CAST(int_div(CAST($until AS DATE) - 1 - u.day, $step) AS INTEGER) AS step,
  u.cluster AS cluster,
  u.namespace AS namespace,
  CASE WHEN $by_workload THEN u.workload_kind ELSE '' END AS kind,
  CASE WHEN $by_workload THEN u.workload ELSE '' END AS workload,
  o.team AS team,
  CAST(sum(u.cpu_used) AS HUGEINT) AS "cpuUsed",
  CAST(sum(u.cpu_requested) AS HUGEINT) AS "cpuRequested",
  CAST(sum(u.cpu_effective) AS HUGEINT) AS "cpuEffective",
  CAST(sum(u.mem_used) AS HUGEINT) AS "memUsed",
  CAST(sum(u.mem_requested) AS HUGEINT) AS "memRequested",
  CAST(sum(u.mem_effective) AS HUGEINT) AS "memEffective",
  CAST(sum(u.gpu_requested) AS HUGEINT) AS "gpuRequested",
  CAST(sum(u.net_rx) AS HUGEINT) AS "netRx",
  CAST(sum(u.net_tx) AS HUGEINT) AS "netTx"
FROM every.visible_usage_day($scope) AS u
LEFT JOIN owner AS o
  ON o.day = u.day
  AND o.cluster = u.cluster
  AND o.namespace = u.namespace
  AND o.workload_kind = u.workload_kind
  AND o.workload = u.workload
WHERE u.day >= CAST($from AS DATE)
  AND u.day < CAST($until AS DATE)
GROUP BY ALL
ORDER BY ALL
