-- What ran in each namespace over a window and how much it used. Grain: cluster, namespace, workload.
-- Reads: the views pod_day, usage_hour. Read by: facts.ts. Parameters: $from, $until (epoch seconds,
-- half-open). Finished jobs are no activity of their own: that they were made is a change.
WITH
ran AS (
  SELECT
    cluster AS cluster,
    namespace AS namespace,
    workload_kind AS kind,
    workload AS workload,
    pod_uid AS pod_uid,
    max(until_s) AS last_s
  FROM pod_day
  WHERE until_s > $from AND from_s < $until AND running_s > 0
  GROUP BY cluster, namespace, workload_kind, workload, pod_uid
),
rates AS (
  SELECT
    cluster AS cluster,
    namespace AS namespace,
    pod_uid AS pod_uid,
    hour AS hour,
    sum(cpu_used) / max(seconds) AS cpu,
    sum(cpu_requested) / max(seconds) AS cpu_requested,
    sum(mem_used) / max(seconds) AS mem,
    sum(net_rx + net_tx) / max(seconds) AS net,
    max(seconds) AS seconds
  FROM usage_hour
  WHERE hour >= $from AND hour < $until AND seconds > 0
  GROUP BY cluster, namespace, pod_uid, hour
),
-- What probes and scrapes cost: a pod that is scraped never reads zero.
floors AS (
  SELECT cluster AS cluster, namespace AS namespace, min(net) AS net
  FROM rates
  GROUP BY cluster, namespace
)
SELECT
  p.cluster AS cluster,
  p.namespace AS namespace,
  p.kind AS kind,
  p.workload AS workload,
  max(p.last_s) AS last_s,
  count(r.hour) AS hours,
  quantile_cont(r.cpu, 0.99) AS cpu_p99,
  avg(r.cpu_requested) AS cpu_requested,
  avg(r.mem) AS mem,
  coalesce(stddev_pop(r.mem), 0) AS mem_spread,
  sum(r.net) AS net_all,
  max(r.net - f.net) AS net
FROM ran AS p
LEFT JOIN rates AS r ON r.cluster = p.cluster AND r.namespace = p.namespace AND r.pod_uid = p.pod_uid
LEFT JOIN floors AS f ON f.cluster = p.cluster AND f.namespace = p.namespace
WHERE p.kind <> 'Job'
GROUP BY p.cluster, p.namespace, p.kind, p.workload
ORDER BY p.cluster, p.namespace, p.kind, p.workload
