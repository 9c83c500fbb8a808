-- Bill lines behind a figure, the dearest share first. Grain: line, consumer.
-- Reads: what {{entries}} reads. Read by: explain.
-- Parameters: those of explain-entries.sql, $limit, $offset.
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
  line_cost AS "lineCost",
  split_kind AS "splitKind",
  split_key AS "splitKey",
  pool AS pool,
  node_by AS "nodeBy",
  billed_s AS "billedSeconds",
  seen_s AS "seenSeconds",
  covered_s AS "coveredSeconds",
  weight AS weight,
  whole AS whole,
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
