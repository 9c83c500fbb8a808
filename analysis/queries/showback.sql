-- Cost by one dimension, this month and the one before. Grain: key.
-- Reads: visible_spend_month of {{month}} and {{previous}}. Read by: GET showback, the pages.
-- Parameters: $policy, $scope (team ids or NULL for all), $currency, $team, $cluster, $namespace (or NULL), $limit, $offset.
-- Slots: {{at_place}}, {{key}} column of the dimension, {{measure}} column of the measure, {{nulls}} its count
-- of lines that do not state it, {{month}}, {{previous}}.
WITH
this_month AS (
  SELECT
    {{key}} AS key,
    sum({{measure}}) AS cost,
    sum({{nulls}}) < sum(lines) AS stated,
    coalesce(sum({{measure}}) FILTER (bucket NOT IN ('shared', 'idle')), 0) AS direct,
    coalesce(sum({{measure}}) FILTER (bucket = 'shared'), 0) AS shared,
    coalesce(sum({{measure}}) FILTER (bucket = 'idle'), 0) AS idle,
    CASE WHEN min(bucket) = max(bucket) THEN min(bucket) ELSE 'direct' END AS bucket,
    CASE WHEN min(team) = max(team) THEN min(team) END AS team
  FROM {{month}}.visible_spend_month($scope)
  WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
  GROUP BY {{key}}
  -- What was passed on whole is no row.
  HAVING NOT (min(bucket) IN ('__idle__', '__system__', '__control_plane__', '__network__', '__commitment_unused__') AND min(bucket) = max(bucket) AND sum(abs(effective)) > 0 AND sum(effective) = 0 AND sum(billed) = 0)
),
last_month AS (
  SELECT
    {{key}} AS key,
    sum({{measure}}) AS cost,
    CASE WHEN min(bucket) = max(bucket) THEN min(bucket) ELSE 'direct' END AS bucket,
    CASE WHEN min(team) = max(team) THEN min(team) END AS team
  FROM {{previous}}.visible_spend_month($scope)
  WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency
    AND ($team IS NULL OR team = $team)
    AND ($cluster IS NULL OR cluster = $cluster)
    AND ($namespace IS NULL OR {{at_place}})
  GROUP BY {{key}}
  HAVING NOT (min(bucket) IN ('__idle__', '__system__', '__control_plane__', '__network__', '__commitment_unused__') AND min(bucket) = max(bucket) AND sum(abs(effective)) > 0 AND sum(effective) = 0 AND sum(billed) = 0)
)
SELECT
  coalesce(t.key, l.key) AS key,
  coalesce(t.cost, 0) AS cost,
  coalesce(t.stated, true) AS stated,
  coalesce(t.direct, 0) AS direct,
  coalesce(t.shared, 0) AS shared,
  coalesce(t.idle, 0) AS idle,
  coalesce(t.bucket, l.bucket) AS bucket,
  coalesce(t.team, l.team) AS team,
  l.cost AS previous
FROM this_month AS t
FULL OUTER JOIN last_month AS l
  ON l.key = t.key
ORDER BY
  cost DESC,
  key ASC
LIMIT $limit
OFFSET $offset
