-- Weights of a split, scaled so that they add up to at most 10^12. Grain: split, consumer.
-- Reads: raw_weight, shared_weight, split, consumer. Read by: split_whole, cluster_spend, explain.
-- Mark: the weights up to and with this one, in the order of consumers; a share is what lies between two
-- marks. A split in which nothing weighs anything has no usage data.
WITH
-- Consumers by their number first: adding up by five texts costs more than finding it.
summed AS (
  SELECT
    r.split_id AS split_id,
    c.consumer_id AS consumer_id,
    sum(r.weight) AS weight
  FROM raw_weight AS r
  JOIN consumer AS c
    ON c.cluster = r.cluster
    AND c.namespace = r.namespace
    AND c.workload_kind = r.workload_kind
    AND c.workload = r.workload
    AND c.bucket = r.bucket
  GROUP BY
    r.split_id,
    c.consumer_id
  HAVING sum(r.weight) > 0
),
wholes AS (
  SELECT
    split_id AS split_id,
    sum(weight) AS whole
  FROM summed
  GROUP BY
    split_id
),
shared AS (
  SELECT
    s.*,
    sum(s.weight) OVER (PARTITION BY s.name, s.day) AS whole
  FROM shared_weight AS s
),
scaled AS (
  SELECT
    s.split_id AS split_id,
    s.consumer_id AS consumer_id,
    CASE WHEN h.whole <= 1000000000000 THEN s.weight ELSE scaled_weight(s.weight, h.whole) END AS weight
  FROM summed AS s
  JOIN wholes AS h
    ON h.split_id = s.split_id
),
weighed AS (
  SELECT
    split_id AS split_id,
    consumer_id AS consumer_id,
    CAST(weight AS BIGINT) AS weight
  FROM scaled
  WHERE weight > 0
  UNION ALL
  SELECT
    hash('shared', '', s.name, s.day),
    c.consumer_id,
    CAST(CASE WHEN s.whole <= 1000000000000 THEN s.weight ELSE int_div(s.weight * 1000000000000, CAST(s.whole AS HUGEINT)) END AS BIGINT)
  FROM shared AS s
  JOIN consumer AS c
    ON c.cluster = s.cluster
    AND c.namespace = s.namespace
    AND c.workload_kind = s.workload_kind
    AND c.workload = s.workload
    AND c.bucket = 'shared'
  WHERE s.whole <= 1000000000000
    OR int_div(s.weight * 1000000000000, CAST(s.whole AS HUGEINT)) > 0
  UNION ALL
  SELECT
    l.split_id,
    c.consumer_id,
    1
  FROM split AS l
  JOIN consumer AS c
    ON c.cluster = l.cluster
    AND c.bucket = '__no_usage_data__'
  WHERE NOT EXISTS (SELECT 1 FROM wholes AS h WHERE h.split_id = l.split_id)
    AND NOT EXISTS (
      SELECT 1 FROM shared AS s
      WHERE l.split_kind = 'shared'
        AND s.name = l.split_key
        AND s.day = l.day
    )
)
SELECT
  split_id AS split_id,
  consumer_id AS consumer_id,
  weight AS weight,
  CAST(sum(weight) OVER (PARTITION BY split_id ORDER BY consumer_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT) AS mark
FROM weighed
