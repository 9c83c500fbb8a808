-- What a figure is made of before anything is passed on. Grain: way of dividing, cluster, bucket, rule.
-- Reads: what {{entries}} reads. Read by: explain. Parameters: those of explain-entries.sql.
WITH
entries AS (
{{entries}}
)
SELECT
  coalesce(split_kind, 'line') AS part,
  cluster AS cluster,
  bucket AS bucket,
  rule AS rule,
  count(*) AS lines,
  count(*) - count(cost) AS unstated,
  coalesce(sum(cost), 0) AS cost
FROM entries
GROUP BY
  coalesce(split_kind, 'line'),
  cluster,
  bucket,
  rule
ORDER BY
  abs(coalesce(sum(cost), 0)) DESC,
  part ASC,
  cluster ASC,
  bucket ASC,
  rule ASC
