-- Amounts divided by weights, to the last unit of 1e-18. Grain: split, amount, consumer.
-- Slots: {{amounts}} (split_id, units > 0) and {{weights}} (split_id, consumer_id, weight).
-- Integer division, and what is left over goes unit by unit to the greatest remainders, then to the
-- lowest consumer. Lines of one split with the same amount are divided alike, so each is done once.
WITH
whole AS (
  SELECT
    split_id AS split_id,
    CAST(sum(weight) AS HUGEINT) AS whole
  FROM {{weights}}
  GROUP BY
    split_id
),
divided AS (
  SELECT
    a.split_id AS split_id,
    a.units AS units,
    w.consumer_id AS consumer_id,
    int_div(a.units * w.weight, h.whole) AS part,
    (a.units * w.weight) % h.whole AS remainder
  FROM {{amounts}} AS a
  JOIN whole AS h
    ON h.split_id = a.split_id
  JOIN {{weights}} AS w
    ON w.split_id = a.split_id
),
ranked AS (
  SELECT
    d.*,
    d.units - sum(d.part) OVER (PARTITION BY d.split_id, d.units) AS left_over,
    row_number() OVER (PARTITION BY d.split_id, d.units ORDER BY d.remainder DESC, d.consumer_id ASC) AS place
  FROM divided AS d
)
SELECT
  split_id AS split_id,
  units AS units,
  consumer_id AS consumer_id,
  part + CASE WHEN place <= left_over THEN 1 ELSE 0 END AS part
FROM ranked
