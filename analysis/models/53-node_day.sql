-- A node's day: what was billed, seen and covered, and what a second of it is worth.
-- Grain: cluster, node, day. Reads: cluster_line, node_value, node_name.
-- Read by: node_weight, raw_weight, coverage, explain.
-- whole_s = max(billed, seen) seconds; `rest_bucket` takes what is not covered: the engine of attribution
-- in docs/method.md 5. Value: ppm of a core, times 1,024,000, so that MiB and millicores stay integers.
WITH
billed AS (
  SELECT
    cluster AS cluster,
    node AS node,
    day AS day,
    least(86400, sum(billed_s)) AS billed_s
  FROM cluster_line
  WHERE node IS NOT NULL
  GROUP BY
    cluster,
    node,
    day
),
seen_day AS (
  SELECT
    node_hash AS node_hash,
    day_no AS day_no,
    sum(seen_s) AS seen_s,
    sum(covered_s) AS covered_s,
    max(pool) AS pool,
    max(instance_type) AS instance_type,
    max(value) AS value
  FROM node_value
  GROUP BY
    node_hash,
    day_no
),
seen AS (
  SELECT
    n.cluster AS cluster,
    n.node AS node,
    n.node_name AS node_name,
    DATE '1970-01-01' + CAST(d.day_no AS INTEGER) AS day,
    d.* EXCLUDE (node_hash, day_no)
  FROM seen_day AS d
  JOIN node_name AS n
    ON n.node_hash = d.node_hash
),
-- Seconds of the day for which the cluster's own node data says anything at all.
watched AS (
  SELECT
    cluster AS cluster,
    day AS day,
    sum(most) AS watched_s
  FROM (
    SELECT
      cluster AS cluster,
      day_of(hour) AS day,
      hour AS hour,
      max(seen_s) AS most
    FROM node_value
    GROUP BY
      cluster,
      hour
  )
  GROUP BY
    cluster,
    day
)
SELECT
  coalesce(b.cluster, s.cluster) AS cluster,
  coalesce(b.node, s.node) AS node,
  coalesce(b.day, s.day) AS day,
  coalesce(s.pool, '') AS pool,
  coalesce(nullif(regexp_extract(coalesce(b.node, s.node), '/virtualmachinescalesets/([^/]+)/', 1), ''), '') AS scale_set,
  coalesce(s.node_name, '') AS node_name,
  coalesce(s.instance_type, '') AS instance_type,
  CAST(coalesce(b.billed_s, 0) AS BIGINT) AS billed_s,
  CAST(coalesce(s.seen_s, 0) AS BIGINT) AS seen_s,
  CAST(coalesce(s.covered_s, 0) AS BIGINT) AS covered_s,
  CAST(greatest(coalesce(b.billed_s, 0), coalesce(s.seen_s, 0)) AS BIGINT) AS whole_s,
  coalesce(s.value, 1) AS value,
  CASE WHEN coalesce(w.watched_s, 0) >= 85536 THEN '__idle__' ELSE '__no_usage_data__' END AS unseen_bucket,
  b.node IS NOT NULL AS is_billed
FROM billed AS b
FULL OUTER JOIN seen AS s
  ON s.cluster = b.cluster
  AND s.node = b.node
  AND s.day = b.day
LEFT JOIN watched AS w
  ON w.cluster = coalesce(b.cluster, s.cluster)
  AND w.day = coalesce(b.day, s.day)
