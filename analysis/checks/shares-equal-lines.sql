-- What a cluster's usage and a shared service's weights divide adds up to its lines, to the last digit: per
-- currency and measure against the bill's lines, place by place against the lines of that place, and line by line: times ×
-- whole + rest is the amount and the marks of a split run from 0 to its whole without a gap, so that the
-- running parts end at the line's own amount, and none of them is negative.
WITH
lines AS (
  SELECT
    l.billing_currency AS currency,
    count(*) AS lines,
    coalesce(sum(l.billed_cost), 0) AS billed,
    coalesce(sum(l.effective_cost), 0) AS effective,
    coalesce(sum(l.list_cost), 0) AS list,
    coalesce(sum(l.contracted_cost), 0) AS contracted
  FROM line AS l
  WHERE l.x_bucket = '__split__'
  GROUP BY
    l.billing_currency
),
place_lines AS (
  SELECT
    place_id AS place_id,
    coalesce(sum(billed), 0) AS billed,
    coalesce(sum(effective), 0) AS effective,
    coalesce(sum(list), 0) AS list,
    coalesce(sum(contracted), 0) AS contracted,
    count(*) FILTER (
      effective <> amount_of(effective_times * whole + effective_rest)
      OR abs(effective_rest) >= whole
      OR NOT billed_alike AND (billed <> amount_of(billed_times * whole + billed_rest) OR abs(billed_rest) >= whole)
      OR NOT list_alike AND (list <> amount_of(list_times * whole + list_rest) OR abs(list_rest) >= whole)
      OR NOT contracted_alike AND (contracted <> amount_of(contracted_times * whole + contracted_rest) OR abs(contracted_rest) >= whole)
    ) AS wrong
  FROM line_amount
  GROUP BY
    place_id
),
place_shares AS (
  SELECT
    place_id AS place_id,
    any_value(currency) AS currency,
    sum(billed) AS billed,
    sum(effective) AS effective,
    sum(list) AS list,
    sum(contracted) AS contracted
  FROM cluster_spend
  GROUP BY
    place_id
),
shares AS (
  SELECT
    currency AS currency,
    sum(billed) AS billed,
    sum(effective) AS effective,
    sum(list) AS list,
    sum(contracted) AS contracted
  FROM place_shares
  GROUP BY
    currency
),
broken_places AS (
  SELECT
    count(*) FILTER (
      s.place_id IS NULL
      OR l.billed <> s.billed
      OR l.effective <> s.effective
      OR l.list <> s.list
      OR l.contracted <> s.contracted
    ) AS places,
    coalesce(sum(l.wrong), 0) AS lines,
    (SELECT count(*) - count(DISTINCT place_id) FROM place) AS mixed_up
  FROM place_lines AS l
  LEFT JOIN place_shares AS s
    ON s.place_id = l.place_id
),
marks AS (
  SELECT
    split_id AS split_id,
    sum(weight) AS weight,
    max(mark) AS whole,
    count(*) <> count(DISTINCT mark) OR min(weight) <= 0 OR min(mark - weight) <> 0 AS wrong
  FROM weight
  GROUP BY
    split_id
),
broken_splits AS (
  SELECT count(*) FILTER (m.wrong OR m.weight <> m.whole OR w.whole IS DISTINCT FROM m.whole) AS splits
  FROM marks AS m
  LEFT JOIN split_whole AS w
    ON w.split_id = m.split_id
)
SELECT
  l.currency AS currency,
  p.places = 0
    AND p.lines = 0
    AND p.mixed_up = 0
    AND b.splits = 0
    AND l.billed IS NOT DISTINCT FROM s.billed
    AND l.effective IS NOT DISTINCT FROM s.effective
    AND l.list IS NOT DISTINCT FROM s.list
    AND l.contracted IS NOT DISTINCT FROM s.contracted AS ok,
  concat(
    l.lines, ' divided lines: effective cost ', l.effective, ', in shares ', coalesce(CAST(s.effective AS VARCHAR), '-'),
    ', billed ', l.billed, ' / ', coalesce(CAST(s.billed AS VARCHAR), '-'),
    CASE WHEN p.places = 0 THEN '' ELSE concat('; ', p.places, ' places differ from their lines') END,
    CASE WHEN p.lines = 0 THEN '' ELSE concat('; ', p.lines, ' lines are divided wrongly') END,
    CASE WHEN p.mixed_up = 0 THEN '' ELSE concat('; ', p.mixed_up, ' places mixed up') END,
    CASE WHEN b.splits = 0 THEN '' ELSE concat('; the weights of ', b.splits, ' splits do not join up') END
  ) AS detail
FROM lines AS l
CROSS JOIN broken_places AS p
CROSS JOIN broken_splits AS b
LEFT JOIN shares AS s
  ON s.currency = l.currency
ORDER BY
  l.currency
