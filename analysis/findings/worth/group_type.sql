-- What kinds of things a resource group was billed for in the last two weeks. Grain: resource group, type.
-- Reads: bill, span. Read by: left-behind.
WITH
billed AS (
  SELECT DISTINCT
    b.resource_id AS resource_id
  FROM bill AS b
  CROSS JOIN span AS s
  WHERE b.x_day > s.until - 14
    AND b.charge_category = 'Usage'
    AND b.resource_id <> ''
)
SELECT DISTINCT
  lower(regexp_extract(resource_id, '(?i)^(/subscriptions/[^/]+)', 1)) AS subscription,
  lower(regexp_extract(resource_id, '(?i)/resourcegroups/([^/]+)', 1)) AS resource_group,
  lower(regexp_extract(resource_id, '(?i)/providers/([^/]+/[^/]+)', 1)) AS type
FROM billed
