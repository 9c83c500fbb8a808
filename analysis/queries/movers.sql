-- What moved most against the month before, and why: resources that appeared, went, or changed.
-- Grain: team, service. Reads: visible_spend_resource of {{month}} and {{previous}}. Read by: GET showback/movers.
-- Parameters: $scope, $policy, $currency, $team (or NULL), $limit. Slots: {{measure}}, {{month}}, {{previous}}.
WITH
this_month AS (
  SELECT team AS team, service AS service, resource AS resource, max(name) AS name, sum({{measure}}) AS cost
  FROM {{month}}.visible_spend_resource($scope)
  WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency AND ($team IS NULL OR team = $team)
  GROUP BY team, service, resource
),
last_month AS (
  SELECT team AS team, service AS service, resource AS resource, max(name) AS name, sum({{measure}}) AS cost
  FROM {{previous}}.visible_spend_resource($scope)
  WHERE (policy IS NULL OR policy = $policy)
    AND currency = $currency AND ($team IS NULL OR team = $team)
  GROUP BY team, service, resource
),
both_months AS (
  SELECT
    coalesce(t.team, l.team) AS team,
    coalesce(t.service, l.service) AS service,
    coalesce(t.name, l.name) AS name,
    coalesce(t.cost, 0) AS cost,
    coalesce(l.cost, 0) AS previous,
    t.resource IS NOT NULL AND l.resource IS NULL AS appeared,
    t.resource IS NULL AND l.resource IS NOT NULL AS gone
  FROM this_month AS t
  FULL OUTER JOIN last_month AS l
    ON l.team = t.team
    AND l.service = t.service
    AND l.resource = t.resource
)
SELECT
  team AS team,
  service AS service,
  sum(cost) AS cost,
  sum(previous) AS previous,
  sum(cost - previous) AS change,
  coalesce(sum(cost - previous) FILTER (appeared), 0) AS appeared,
  coalesce(sum(cost - previous) FILTER (gone), 0) AS gone,
  coalesce(sum(cost - previous) FILTER (NOT appeared AND NOT gone), 0) AS changed,
  CAST(count(*) FILTER (appeared) AS INTEGER) AS "appearedCount",
  CAST(count(*) FILTER (gone) AS INTEGER) AS "goneCount",
  arg_max(name, abs(cost - previous)) AS "topResource"
FROM both_months
GROUP BY
  team,
  service
HAVING sum(cost - previous) <> 0
ORDER BY
  abs(sum(cost - previous)) DESC,
  team ASC,
  service ASC
LIMIT $limit
