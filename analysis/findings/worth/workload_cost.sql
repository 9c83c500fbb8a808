-- What workloads' share of nodes cost in the window, and whose they are. Grain: cluster, namespace,
-- workload, currency. Reads: month_allocation, span. Read by: the ledger, idle-workload.
SELECT
  a.cluster AS cluster,
  a.namespace AS namespace,
  a.workload_kind AS workload_kind,
  a.workload AS workload,
  a.currency AS currency,
  arg_max(a.team, a.day) AS team,
  min(a.day) AS first_day,
  max(a.day) AS last_day,
  coalesce(sum(CASE WHEN a.day >= s.window_from AND a.paid_for = 'compute' THEN a.effective END), 0) AS compute,
  coalesce(sum(CASE WHEN a.day >= s.window_from THEN a.effective END), 0) AS cost
FROM month_allocation AS a
CROSS JOIN span AS s
WHERE a.namespace <> ''
  AND a.day <= s.until
GROUP BY
  a.cluster,
  a.namespace,
  a.workload_kind,
  a.workload,
  a.currency
