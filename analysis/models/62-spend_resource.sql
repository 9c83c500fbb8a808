-- Cost of a resource for an owner. Grain: owner, resource, service, bucket, currency.
-- Reads: line. Read by: showback by resource, movers.
-- A line without a resource stands under its description.
SELECT
  billing_currency AS currency,
  x_team AS team,
  service AS service,
  x_bucket AS bucket,
  coalesce(lower(nullif(trim(resource_id), '')), charge_description, service) AS resource,
  coalesce(any_value(nullif(resource_name, '')), regexp_extract(coalesce(any_value(resource_id), ''), '([^/]*)/?$', 1), '') AS name,
  any_value(x_resource_group_key) AS resource_group,
  any_value(x_environment) AS environment,
  any_value(x_rule) AS rule,
  any_value(x_hint) AS hint,
  count(*) AS lines,
  coalesce(sum(billed_cost), 0) AS billed,
  coalesce(sum(effective_cost), 0) AS effective,
  coalesce(sum(list_cost), 0) AS list,
  coalesce(sum(contracted_cost), 0) AS contracted
FROM line
GROUP BY
  billing_currency,
  x_team,
  service,
  x_bucket,
  coalesce(lower(nullif(trim(resource_id), '')), charge_description, service)
