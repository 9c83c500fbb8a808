-- Cost of clusters by steps of whole days, before redistribution. Grain: step, cluster, namespace, workload
-- (where asked for), bucket, owner, kind of thing paid for. Reads: every.visible_allocation_day.
-- Read by: OpenCost's allocation. Parameters: $scope, $currency, $from, $until, $step (days), $by_workload.
-- Steps are counted back from the end.
SELECT
  CAST(int_div(CAST($until AS DATE) - 1 - day, $step) AS INTEGER) AS step,
  cluster AS cluster,
  namespace AS namespace,
  CASE WHEN $by_workload THEN workload_kind ELSE '' END AS kind,
  CASE WHEN $by_workload THEN workload ELSE '' END AS workload,
  CASE WHEN namespace = '' THEN bucket ELSE '' END AS bucket,
  team AS team,
  paid_for AS "paidFor",
  sum(effective) AS effective,
  sum(list) AS list
FROM every.visible_allocation_day($scope)
WHERE currency = $currency
  AND day >= CAST($from AS DATE)
  AND day < CAST($until AS DATE)
GROUP BY ALL
ORDER BY ALL
