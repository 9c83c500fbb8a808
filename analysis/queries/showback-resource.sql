-- Cost by resource. Grain: resource, team, bucket.
-- Reads: visible_spend_resource of {{month}} and {{previous}}. Read by: GET showback?by=resource.
-- Parameters: $scope, $policy, $currency, $team (or NULL), $limit, $offset. Slots: {{measure}}, {{month}}, {{previous}}.
WITH
this_month AS (
  SELECT
    resource AS key,
    team AS team,
    bucket AS bucket,
    max(name) AS name,
    max(resource_group) AS resource_group,
    CASE WHEN min(service) = max(service) THEN min(service) ELSE concat(count(DISTINCT service), ' services') END AS service,
    max(rule) AS rule,
    max(hint) AS hint,
    sum({{measure}}) AS cost
  FROM {{month}}.visible_spend_resource($scope)
  WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
  GROUP BY
    resource,
    team,
    bucket
  ORDER BY
    cost DESC,
    key ASC,
    team ASC
  LIMIT $limit
  OFFSET $offset
),
last_month AS (
  SELECT
    resource AS key,
    team AS team,
    sum({{measure}}) AS cost
  FROM {{previous}}.visible_spend_resource($scope)
  WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND resource IN (SELECT key FROM this_month)
  GROUP BY
    resource,
    team
)
SELECT
  t.key AS key,
  t.name AS name,
  t.team AS team,
  t.bucket AS bucket,
  t.cost AS cost,
  CASE WHEN t.bucket NOT IN ('shared', 'idle') THEN t.cost ELSE 0 END AS direct,
  CASE WHEN t.bucket = 'shared' THEN t.cost ELSE 0 END AS shared,
  CASE WHEN t.bucket = 'idle' THEN t.cost ELSE 0 END AS idle,
  l.cost AS previous,
  t.resource_group AS "resourceGroup",
  t.service AS service,
  t.rule AS rule,
  t.hint AS hint
FROM this_month AS t
LEFT JOIN last_month AS l
  ON l.key = t.key
  AND l.team = t.team
ORDER BY
  cost DESC,
  key ASC,
  team ASC
