-- Apps that the bill names with the plan they run on. Grain: app, plan. Reads: bill. Read by: empty-plan.
WITH
named AS (
  SELECT
    lower(trim(b.resource_id)) AS app,
    b.x_day AS day,
    lower(coalesce(
      nullif(regexp_extract(b.tags, '(?i)hidden-related:(/subscriptions/[^"]+/serverfarms/[^"/]+)', 1), ''),
      nullif(regexp_extract(b.x_sku_details, '(?i)"AppServicePlanUri"\s*:\s*"([^"]+)"', 1), '')
    )) AS plan
  FROM bill AS b
  -- Not by a regular expression: since that may fail, the engine asks it once a line and not once a resource.
  WHERE b.resource_id ILIKE '%/providers/microsoft.web/sites/%'
)
SELECT
  app AS app,
  plan AS plan,
  regexp_extract(app, '^(/subscriptions/[^/]+)', 1) AS subscription,
  max(day) AS last_day
FROM named
WHERE plan IS NOT NULL
GROUP BY
  app,
  plan
