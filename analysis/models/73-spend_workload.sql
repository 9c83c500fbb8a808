-- Cost of a cluster's workloads over the month, before redistribution. Grain: currency, cluster,
-- namespace, workload, bucket, owner. Reads: cluster_spend. Read by: the Namespace page, showback by
-- workload, OpenCost's allocation.
SELECT
  currency AS currency,
  cluster AS cluster,
  namespace AS namespace,
  workload_kind AS workload_kind,
  workload AS workload,
  team AS team,
  CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE bucket END AS bucket,
  any_value(rule_text) AS rule,
  sum(billed) AS billed,
  sum(effective) AS effective,
  sum(list) AS list,
  sum(contracted) AS contracted
FROM cluster_spend
WHERE cluster <> ''
GROUP BY
  currency,
  cluster,
  namespace,
  workload_kind,
  workload,
  team,
  CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE bucket END
ORDER BY
  cluster,
  namespace
