-- Every five minutes of a cluster's containers in a window, in a form that is copied and not converted.
-- Grain: container × 5 min, in runs: consecutive rows of one container under one set of requests and limits
-- have one `run`. A part of the namespaces at a time, where all at once would not fit.
-- Reads: window_usage (usage_5m of one cluster's window). Read by: recommend/read.ts.
-- Parameters: window_from, window_until (epoch seconds), parts, part.
SELECT
  hash(pod_uid, container, cpu_request, mem_request, cpu_limit, mem_limit) AS run,
  CAST(("at" - $window_from) / 300 AS USMALLINT) AS slot,
  CAST(least(seconds, 300) AS USMALLINT) AS seconds,
  CAST(least(cpu_avg, 4294967295) AS UINTEGER) AS cpu,
  CAST(least(cpu_max, 4294967295) AS UINTEGER) AS peak,
  CAST(mem_max AS DOUBLE) AS mem,
  CAST(least(throttled_ms, 4294967295) AS UINTEGER) AS throttled,
  CAST(least(oom_kills, 65535) * 65536 + least(restarts, 65535) AS UINTEGER) AS ends,
  cpu_request AS cpu_request,
  mem_request AS mem_request,
  cpu_limit AS cpu_limit,
  mem_limit AS mem_limit,
  namespace AS namespace,
  pod AS pod,
  pod_uid AS pod_uid,
  container AS container
FROM window_usage
WHERE
  "at" >= $window_from
  AND "at" < $window_until
  AND ($parts = 1 OR hash(namespace) % $parts = $part)
