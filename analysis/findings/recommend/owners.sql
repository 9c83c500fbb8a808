-- Whose a workload is, as the bill of one month knows it on its newest day. Grain: cluster, namespace, workload.
-- Reads: a published month's consumer, consumer_day. Read by: recommend/workloads.ts.
SELECT
  c.cluster AS cluster,
  c.namespace AS namespace,
  c.workload_kind AS workload_kind,
  c.workload AS workload,
  arg_max(d.team, d.day) AS team
FROM {{month}}.main.consumer AS c
JOIN {{month}}.main.consumer_day AS d ON d.consumer_id = c.consumer_id
WHERE c.namespace <> ''
GROUP BY
  c.cluster,
  c.namespace,
  c.workload_kind,
  c.workload
