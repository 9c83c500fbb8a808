-- Days on which a cluster was seen at all, of clusters that tell of services. Grain: cluster.
-- Reads: namespace_day, service_hour, span. Read by: unused-address.
-- A cluster of which no service was ever seen may not be asked for them, and says nothing.
SELECT
  n.cluster AS cluster,
  max(u.until) AS until,
  min(CAST(n.day AS DATE)) AS first_seen,
  count(DISTINCT CASE WHEN CAST(n.day AS DATE) > u.until - 14 THEN n.day END) AS days_of_14
FROM namespace_day AS n
JOIN (
  SELECT
    cluster AS cluster,
    max(CAST(day AS DATE)) AS until
  FROM namespace_day
  GROUP BY
    cluster
) AS u
  ON u.cluster = n.cluster
CROSS JOIN span AS s
WHERE u.until >= s.until - 3
  AND n.cluster IN (SELECT cluster FROM service_hour)
GROUP BY
  n.cluster
