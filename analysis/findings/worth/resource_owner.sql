-- Whose a resource is: who pays most of it in the newest month that knows it. Grain: resource.
-- Reads: month_resource. Read by: the ledger.
-- Where nobody owns it, the nearest hint (creator, tag, resource group) says whom to ask.
WITH
newest AS (
  SELECT
    resource AS resource,
    max(month) AS month
  FROM month_resource
  GROUP BY
    resource
)
SELECT
  r.resource AS resource,
  arg_max(r.team, (NOT starts_with(r.team, '__'), r.effective)) AS team,
  arg_max(r.hint, (NOT starts_with(r.team, '__'), r.effective)) AS hint
FROM month_resource AS r
JOIN newest AS n
  ON n.resource = r.resource
  AND n.month = r.month
GROUP BY
  r.resource
