-- Days on which a cluster told of its volumes. Grain: cluster. Reads: volume_day. Read by: volume_state,
-- released-volume. A cluster whose newest day is old tells nothing of today and is left out.
SELECT
  v.cluster AS cluster,
  max(CAST(v.day AS DATE)) AS until,
  min(CAST(v.day AS DATE)) AS first_seen,
  count(DISTINCT CASE WHEN CAST(v.day AS DATE) > u.until - 14 THEN v.day END) AS days_of_14
FROM volume_day AS v
JOIN (
  SELECT
    cluster AS cluster,
    max(CAST(day AS DATE)) AS until
  FROM volume_day
  GROUP BY
    cluster
) AS u
  ON u.cluster = v.cluster
CROSS JOIN span AS s
WHERE u.until >= s.until - 3
GROUP BY
  v.cluster
