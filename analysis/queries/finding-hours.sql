-- The evidence of a recommendation, hour by hour. Grain: hour. Microcores and KiB; NULL: none.
-- Reads: findings.visible_recommendation_hour. Read by: GET findings/{id}. Parameters: $scope, $series.
SELECT
  CAST(hour AS BIGINT) * 3600 AS at,
  pods AS pods,
  cpu_avg AS "cpuAverage",
  cpu_max AS "cpuMax",
  mem_avg AS "memAverage",
  mem_max AS "memMax",
  nullif(cpu_request, -1) AS "cpuRequest",
  nullif(mem_request, -1) AS "memRequest",
  nullif(cpu_limit, -1) AS "cpuLimit",
  nullif(mem_limit, -1) AS "memLimit",
  oom_kills AS "oomKills",
  throttled_ms AS "throttledMs"
FROM findings.visible_recommendation_hour($scope)
WHERE series_id = $series
ORDER BY
  hour
