-- How much of a window usage data covers. Grain: cluster. Reads: the views node_hour, pod_day.
-- Read by: facts.ts. Parameters: $from, $until (epoch seconds, half-open).
-- A day without any pod is a day without the metrics of pods: no cluster is empty.
WITH
pod_days AS (
  SELECT DISTINCT cluster AS cluster, day AS day
  FROM pod_day
)
SELECT
  n.cluster AS cluster,
  count(DISTINCT n.hour) FILTER (WHERE covered_s > 0) AS hours,
  sum(covered_s) / greatest(sum(seen_s), 1) AS share,
  max(hour) FILTER (WHERE covered_s > 0) AS newest
FROM node_hour AS n
JOIN pod_days AS p
  ON p.cluster = n.cluster
  AND p.day = strftime(make_timestamp(n.hour * 1000000), '%Y-%m-%d')
WHERE NOT coalesce(n.virtual, false) AND n.hour >= $from AND n.hour < $until
GROUP BY n.cluster
