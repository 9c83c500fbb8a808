-- What a split's weights add up to. Grain: split. Reads: weight. Read by: line_amount, checks.
SELECT
  split_id AS split_id,
  max(mark) AS whole
FROM weight
GROUP BY
  split_id
