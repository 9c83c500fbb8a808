-- Bill lines behind a figure, the dearest share first. Grain: line, consumer.
-- Reads: what {{entries}} reads. Read by: explain.
-- Parameters: those of explain-entries.sql, $limit, $offset, $wholes: false hides what a share is a share of,
-- since the whole less one's own part is somebody else's.
WITH
entries AS (
{{entries}}
)
SELECT
  day AS day,
  resource AS resource,
  resource_name AS "resourceName",
  service AS service,
  description AS description,
  match_kind AS kind,
  origin AS origin,
  CASE WHEN $wholes OR split_kind IS NULL THEN line_cost END AS "lineCost",
  split_kind AS "splitKind",
  split_key AS "splitKey",
  pool AS pool,
  node_by AS "nodeBy",
  billed_s AS "billedSeconds",
  seen_s AS "seenSeconds",
  covered_s AS "coveredSeconds",
  weight AS weight,
  CASE WHEN $wholes THEN whole END AS whole,
  cluster AS cluster,
  namespace AS namespace,
  workload_kind AS "workloadKind",
  workload AS workload,
  bucket AS bucket,
  team AS team,
  rule AS rule,
  cost AS cost
FROM entries
ORDER BY
  abs(cost) DESC NULLS LAST,
  day ASC,
  line_id ASC,
  consumer_id ASC
LIMIT $limit
OFFSET $offset
