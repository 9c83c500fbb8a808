-- What is known of each of those resources. Grain: resource, currency.
-- Reads: resource_day, resource_owner, span. Read by: the findings of cloud/.
-- `cost` and `hourly` are those of the last 30 days of the bill, a finding's month.
SELECT
  d.resource AS resource,
  d.currency AS currency,
  regexp_extract(d.resource, '/providers/(microsoft\.[^/]+/[^/]+)/', 1) AS type,
  regexp_extract(d.resource, '([^/]+)/?$', 1) AS name,
  regexp_extract(d.resource, '^(/subscriptions/[^/]+)', 1) AS subscription,
  regexp_extract(d.resource, '/resourcegroups/([^/]+)', 1) AS resource_group,
  max(d.cluster) AS cluster,
  max(d.replaced_by) AS replaced_by,
  min(d.day) AS first_day,
  max(d.day) AS last_day,
  min(CASE WHEN d.compute_s > 0 THEN d.day END) AS first_compute,
  max(CASE WHEN d.compute_s > 0 THEN d.day END) AS last_compute,
  count(DISTINCT CASE WHEN d.day > s.until - 14 THEN d.day END) AS days_of_14,
  string_agg(DISTINCT CASE WHEN d.day > s.until - 14 THEN d.meters END, ', ') AS meters,
  coalesce(sum(CASE WHEN d.day >= s.window_from THEN d.cost END), 0) AS cost,
  coalesce(sum(CASE WHEN d.day >= s.window_from THEN d.hourly END), 0) AS hourly
FROM resource_day AS d
CROSS JOIN span AS s
WHERE d.day <= s.until
GROUP BY
  d.resource,
  d.currency
