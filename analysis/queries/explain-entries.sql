-- The bill lines under a target: undivided ones, and each share of a divided one with the weight it comes
-- from. Grain: line, consumer. No query of its own: what `{{entries}}` stands for in explain-*.sql.
-- Reads: visible_line, visible_split_line, visible_cluster_line, visible_weight, visible_split_whole, visible_consumer,
-- visible_consumer_day, visible_split, visible_node_day of {{month}}.
-- Parameters: $scope, $currency, $team, $cluster, $namespace, $workload_kind, $workload, $resource (or NULL).
-- Slots: {{line_measure}}, {{month}}.
SELECT
  l.line_id AS line_id,
  0 AS consumer_id,
  CAST(l.x_day AS VARCHAR) AS day,
  coalesce(lower(nullif(trim(l.resource_id), '')), l.charge_description, l.service) AS resource,
  coalesce(l.resource_name, '') AS resource_name,
  l.service AS service,
  coalesce(l.charge_description, '') AS description,
  l.x_match AS match_kind,
  concat(l.x_source, ': ', l.x_unit) AS origin,
  l.{{line_measure}} AS line_cost,
  CAST(NULL AS VARCHAR) AS split_kind,
  CAST(NULL AS VARCHAR) AS split_key,
  CAST(NULL AS VARCHAR) AS pool,
  CAST(NULL AS VARCHAR) AS node_by,
  CAST(NULL AS BIGINT) AS billed_s,
  CAST(NULL AS BIGINT) AS seen_s,
  CAST(NULL AS BIGINT) AS covered_s,
  CAST(NULL AS BIGINT) AS weight,
  CAST(NULL AS BIGINT) AS whole,
  '' AS cluster,
  '' AS namespace,
  '' AS workload_kind,
  '' AS workload,
  l.x_bucket AS bucket,
  l.x_team AS team,
  l.x_rule AS rule,
  l.{{line_measure}} AS cost
FROM {{month}}.visible_line($scope) AS l
WHERE l.x_bucket <> '__split__'
  AND l.billing_currency = $currency
  AND $cluster IS NULL
  AND ($team IS NULL OR l.x_team = $team)
  AND ($resource IS NULL OR coalesce(lower(nullif(trim(l.resource_id), '')), l.charge_description, l.service) = $resource)
UNION ALL
SELECT
  l.line_id,
  c.consumer_id,
  CAST(l.x_day AS VARCHAR),
  k.resource_key,
  coalesce(l.resource_name, ''),
  l.service,
  coalesce(l.charge_description, ''),
  l.x_match,
  concat(l.x_source, ': ', l.x_unit),
  l.{{line_measure}},
  k.split_kind,
  k.split_key,
  p.pool,
  k.node_by,
  n.billed_s,
  n.seen_s,
  n.covered_s,
  w.weight,
  h.whole,
  c.cluster,
  c.namespace,
  c.workload_kind,
  c.workload,
  CASE WHEN d.team = '__unowned__' THEN '__unowned__' ELSE c.bucket END,
  d.team,
  nullif(concat_ws('; ', p.basis, d.rule_text), ''),
  portion_of(l.{{line_measure}}, w.weight, w.mark, h.whole)
FROM {{month}}.visible_split_line($scope) AS l
JOIN {{month}}.visible_cluster_line($scope) AS k
  ON k.line_id = l.line_id
JOIN {{month}}.visible_split($scope) AS p
  ON p.split_id = k.split_id
JOIN {{month}}.visible_weight($scope) AS w
  ON w.split_id = k.split_id
JOIN {{month}}.visible_split_whole($scope) AS h
  ON h.split_id = k.split_id
JOIN {{month}}.visible_consumer($scope) AS c
  ON c.consumer_id = w.consumer_id
JOIN {{month}}.visible_consumer_day($scope) AS d
  ON d.consumer_id = w.consumer_id
  AND d.day = k.day
LEFT JOIN {{month}}.visible_node_day($scope) AS n
  ON k.split_kind = 'node'
  AND n.cluster = k.cluster
  AND n.node = k.split_key
  AND n.day = k.day
WHERE l.billing_currency = $currency
  AND ($team IS NULL OR d.team = $team)
  AND ($cluster IS NULL OR c.cluster = $cluster)
  AND ($namespace IS NULL OR CASE WHEN c.namespace <> '' THEN c.namespace ELSE c.bucket END = $namespace)
  AND ($workload_kind IS NULL OR c.workload_kind = $workload_kind)
  AND ($workload IS NULL OR c.workload = $workload)
  AND ($resource IS NULL OR k.resource_key = $resource)
