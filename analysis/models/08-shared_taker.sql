-- Who may take part of a shared service's cost, as its drivers, weights and lists name them.
-- Grain: consumer text. Reads: shared_cost, driver_hour, shared_weight_row, shared_consumer, cluster,
-- team_version. Read by: owner_key, shared_weight.
-- A team and a resource have no cluster; a cluster is called as the configuration calls it.
WITH
texts AS (
  SELECT h.consumer AS consumer
  FROM driver_hour AS h
  JOIN shared_cost AS s
    ON s.driver = h.driver
  UNION
  SELECT consumer FROM shared_weight_row
  UNION
  SELECT consumer FROM shared_consumer
  UNION
  SELECT 'team:' || v.team
  FROM team_version AS v
  JOIN shared_cost AS s
    ON s.is_even
),
parts AS (
  SELECT
    consumer AS consumer,
    CASE WHEN starts_with(consumer, 'namespace:') THEN regexp_extract(consumer, '^namespace:(.+)/[^/]+$', 1) ELSE '' END AS cluster,
    CASE WHEN starts_with(consumer, 'namespace:') THEN regexp_extract(consumer, '([^/]+)$', 1) ELSE '' END AS namespace,
    CASE WHEN starts_with(consumer, 'team:') THEN 'team' WHEN starts_with(consumer, '/') THEN 'resource' ELSE '' END AS workload_kind,
    CASE WHEN starts_with(consumer, 'team:') THEN substr(consumer, 6) WHEN starts_with(consumer, '/') THEN consumer ELSE '' END AS workload
  FROM texts
),
teams AS (
  SELECT
    lower(team) AS team_key,
    any_value(team) AS team
  FROM team_version
  GROUP BY
    lower(team)
)
SELECT
  p.consumer AS consumer,
  coalesce(c.name, p.cluster) AS cluster,
  p.namespace AS namespace,
  p.workload_kind AS workload_kind,
  coalesce(t.team, p.workload) AS workload
FROM parts AS p
LEFT JOIN cluster AS c
  ON lower(c.name) = lower(p.cluster)
LEFT JOIN teams AS t
  ON p.workload_kind = 'team'
  AND t.team_key = lower(p.workload)
