-- What ran in each namespace over a window and how much it used. Grain: cluster, namespace, workload.
-- Reads: the views pod_day, usage_hour. Read by: facts.ts. Parameters: $from, $until (epoch seconds,
-- half-open). Finished jobs are no activity of their own: that they were made is a change. One that ran
-- within the last two days, the most that usage data is late, may be running still.
-- What is not measured comes as NULL, and never makes a workload look calmer: a metric that is not
-- scraped lands as zero, an hour without it counts as the busiest there can be, and a pod that is known
-- by its usage alone is a workload too.
WITH
pods AS (
  SELECT
    cluster AS cluster,
    namespace AS namespace,
    workload_kind AS kind,
    workload AS workload,
    pod_uid AS pod_uid,
    max(until_s) AS last_s,
    sum(least(running_s, least(until_s, $until) - greatest(from_s, $from))) AS running_s
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
    any_value(pod) AS pod,
    CASE WHEN bool_and(cpu_used > 0) THEN sum(cpu_used) / max(seconds) END AS cpu,
    sum(cpu_requested) / max(seconds) AS cpu_requested,
    CASE WHEN bool_and(mem_used > 0) THEN sum(mem_used) / max(seconds) END AS mem,
    nullif(sum(net_rx + net_tx), 0) / max(seconds) AS net,
    max(seconds) AS seconds
  FROM usage_hour
  WHERE hour >= $from AND hour < $until AND seconds > 0
  GROUP BY cluster, namespace, pod_uid, hour
),
-- What probes and scrapes cost: a pod that is scraped never reads zero. No more than 8 KiB a second, a
-- page of a hundred kilobytes every quarter of a minute: above that it is traffic, however steady.
floors AS (
  SELECT cluster AS cluster, namespace AS namespace, least(min(net), 8192) AS net
  FROM rates
  GROUP BY cluster, namespace
),
unowned AS (
  SELECT
    r.cluster AS cluster,
    r.namespace AS namespace,
    'Pod' AS kind,
    any_value(r.pod) AS workload,
    r.pod_uid AS pod_uid,
    max(r.hour) + 3600 AS last_s,
    sum(r.seconds) AS running_s
  FROM rates AS r
  ANTI JOIN pods AS p ON p.cluster = r.cluster AND p.namespace = r.namespace AND p.pod_uid = r.pod_uid
  GROUP BY r.cluster, r.namespace, r.pod_uid
),
ran AS (
  SELECT * FROM pods
  UNION ALL
  SELECT * FROM unowned
),
-- A pod that was measured for less than nine tenths of its time is not known.
measured AS (
  SELECT
    p.cluster AS cluster,
    p.namespace AS namespace,
    p.pod_uid AS pod_uid,
    coalesce(sum(r.seconds), 0) >= 0.9 * any_value(p.running_s) AS is_known
  FROM ran AS p
  LEFT JOIN rates AS r ON r.cluster = p.cluster AND r.namespace = p.namespace AND r.pod_uid = p.pod_uid
  GROUP BY p.cluster, p.namespace, p.pod_uid
),
figures AS (
  SELECT
    p.cluster AS cluster,
    p.namespace AS namespace,
    p.kind AS kind,
    p.workload AS workload,
    greatest(max(p.last_s), coalesce(max(r.hour), 0) + 3600) AS last_s,
    count(r.hour) AS hours,
    bool_and(m.is_known) AS is_known,
    quantile_cont(coalesce(r.cpu, 1e18), 0.99) AS cpu_p99,
    avg(r.cpu_requested) AS cpu_requested,
    count(r.mem) >= 0.99 * count(r.hour) AS is_mem_known,
    avg(r.mem) AS mem,
    coalesce(stddev_pop(r.mem), 0) AS mem_spread,
    quantile_cont(coalesce(r.net, 1e18), 0.99) AS net_p99,
    max(r.net - f.net) AS net
  FROM ran AS p
  JOIN measured AS m ON m.cluster = p.cluster AND m.namespace = p.namespace AND m.pod_uid = p.pod_uid
  LEFT JOIN rates AS r ON r.cluster = p.cluster AND r.namespace = p.namespace AND r.pod_uid = p.pod_uid
  LEFT JOIN floors AS f ON f.cluster = p.cluster AND f.namespace = p.namespace
  GROUP BY p.cluster, p.namespace, p.kind, p.workload
)
SELECT
  cluster AS cluster,
  namespace AS namespace,
  kind AS kind,
  workload AS workload,
  last_s AS last_s,
  hours AS hours,
  CASE WHEN is_known AND cpu_p99 < 1e12 THEN cpu_p99 END AS cpu_p99,
  cpu_requested AS cpu_requested,
  CASE WHEN is_known AND is_mem_known THEN mem END AS mem,
  CASE WHEN is_known AND is_mem_known THEN mem_spread END AS mem_spread,
  CASE WHEN is_known AND net_p99 < 1e12 THEN net END AS net
FROM figures
WHERE kind <> 'Job' OR last_s > $until - 172800
ORDER BY cluster, namespace, kind, workload
