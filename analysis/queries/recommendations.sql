-- Recommendations of some findings, with what other methods say. Grain: recommendation.
-- Microcores and bytes; NULL: none, or abstained. Reads: findings.visible_recommendation.
-- Read by: GET findings/{id}, patches. Parameters: $scope; $series, numbers as texts.
SELECT
  series_id AS "seriesId",
  cluster AS cluster,
  namespace AS namespace,
  workload_kind AS "workloadKind",
  workload AS workload,
  container AS container,
  tier AS tier,
  class AS class,
  confidence AS confidence,
  reasons AS reasons,
  abstained_cpu AS "abstainedCpu",
  abstained_mem AS "abstainedMem",
  replicas_last AS replicas,
  coverage_ppm AS "coveragePpm",
  cpu_request AS "cpuRequest",
  mem_request AS "memRequest",
  cpu_limit AS "cpuLimit",
  mem_limit AS "memLimit",
  cpu_recommended AS "cpuRecommended",
  mem_recommended AS "memRecommended",
  mem_limit_recommended AS "memLimitRecommended",
  cpu_exceeded_ppm AS "cpuExceededPpm",
  mem_exceeded_ppm AS "memExceededPpm",
  oom_kills AS "oomKills",
  throttled_ppm AS "throttledPpm",
  krr_cpu AS "krrCpu",
  krr_mem AS "krrMem",
  vpa_cpu_target AS "vpaCpu",
  vpa_mem_target AS "vpaMem",
  vpa_cpu_lower AS "vpaCpuLower",
  vpa_cpu_upper AS "vpaCpuUpper",
  vpa_mem_lower AS "vpaMemLower",
  vpa_mem_upper AS "vpaMemUpper"
FROM findings.visible_recommendation($scope)
WHERE list_contains(CAST($series AS VARCHAR[]), CAST(series_id AS VARCHAR))
ORDER BY
  series_id
