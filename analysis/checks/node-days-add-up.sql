-- The weights of a node's day are its whole, in integers; nothing weighs less than nothing, no node is
-- covered longer than it was seen, and no two nodes share a hash.
WITH
weights AS (
  SELECT
    node_hash AS node_hash,
    day AS day,
    sum(weight) AS weight,
    min(weight) AS least
  FROM node_weight
  GROUP BY
    node_hash,
    day
),
days AS (
  SELECT
    d.cluster AS cluster,
    d.node AS node,
    d.day AS day,
    w.weight = CAST(d.whole_s AS HUGEINT) * d.value AND w.least >= 0 AND d.covered_s <= d.seen_s AND d.seen_s <= d.whole_s AS ok
  FROM node_day AS d
  JOIN weights AS w
    ON w.node_hash = hash(d.cluster, d.node)
    AND w.day = d.day
)
SELECT
  CAST(NULL AS VARCHAR) AS currency,
  coalesce(bool_and(ok), true) AND (SELECT count(*) = count(DISTINCT node_hash) FROM node_name) AS ok,
  concat(
    count(*), ' days of nodes',
    coalesce('; wrong: ' || string_agg(CASE WHEN NOT ok THEN concat(cluster, ' ', node, ' ', day) END, ', '), '')
  ) AS detail
FROM days
