-- Cost by workload before redistribution, and what is outside clusters in one row. Grain: key.
-- Reads: visible_spend_workload, visible_spend_month of {{month}} and {{previous}}. Read by: GET showback?by=workload.
-- Parameters: $scope, $currency, $team, $cluster, $namespace (or NULL), $limit, $offset. Slots: {{place}}, {{at_place}}, {{measure}}, {{month}}, {{previous}}.
-- What a namespace pays and no one workload of it (balancers, unmounted disks) stands under the namespace.
WITH
this_month AS (
  SELECT
    CASE WHEN workload = '' THEN concat(cluster, '/', {{place}}) ELSE concat(cluster, '/', namespace, '/', workload_kind, '/', workload) END AS key,
    sum({{measure}}) AS cost,
    CASE WHEN min(bucket) = max(bucket) THEN min(bucket) ELSE 'direct' END AS bucket,
    CASE WHEN min(team) = max(team) THEN min(team) END AS team,
    CASE WHEN min(rule) = max(rule) THEN min(rule) ELSE concat(count(DISTINCT rule), ' rules') END AS rule
  FROM {{month}}.visible_spend_workload($scope)
  WHERE currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
  GROUP BY ALL
  UNION ALL
  SELECT
    '',
    sum({{measure}}),
    CASE WHEN min(bucket) = max(bucket) THEN min(bucket) ELSE 'direct' END,
    CASE WHEN min(team) = max(team) THEN min(team) END,
    NULL
  FROM {{month}}.visible_spend_month($scope)
  WHERE policy IS NULL
    AND cluster = ''
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND $cluster IS NULL
    AND $namespace IS NULL
  HAVING count(*) > 0
),
last_month AS (
  SELECT
    CASE WHEN workload = '' THEN concat(cluster, '/', {{place}}) ELSE concat(cluster, '/', namespace, '/', workload_kind, '/', workload) END AS key,
    sum({{measure}}) AS cost
  FROM {{previous}}.visible_spend_workload($scope)
  WHERE currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
  GROUP BY ALL
  UNION ALL
  SELECT
    '',
    sum({{measure}})
  FROM {{previous}}.visible_spend_month($scope)
  WHERE policy IS NULL
    AND cluster = ''
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND $cluster IS NULL
    AND $namespace IS NULL
  HAVING count(*) > 0
)
SELECT
  t.key AS key,
  t.cost AS cost,
  t.cost AS direct,
  CAST(0 AS DECIMAL(38,18)) AS shared,
  CAST(0 AS DECIMAL(38,18)) AS idle,
  t.bucket AS bucket,
  t.team AS team,
  l.cost AS previous,
  t.rule AS rule
FROM this_month AS t
LEFT JOIN last_month AS l
  ON l.key = t.key
ORDER BY
  cost DESC,
  key ASC
LIMIT $limit
OFFSET $offset
