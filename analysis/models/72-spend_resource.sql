-- Cost of a resource for an owner. Grain: owner, resource, service, bucket, currency, policy.
-- Reads: line, cluster_spend, moved, cluster. Read by: showback by resource, movers.
-- A line without a resource stands under its description; what a policy moves stands under its cluster,
-- an unused commitment under itself.
WITH
-- By the hash first, which names a resource and a service: texts are worked out once a key, not once a line.
key AS (
  SELECT
    owner_hash AS owner_hash,
    billing_currency AS currency,
    x_team AS team,
    x_bucket AS bucket,
    CASE WHEN coalesce(trim(resource_id), '') = '' THEN charge_description END AS description,
    any_value(service) AS service,
    any_value(resource_id) AS resource_id,
    any_value(nullif(resource_name, '')) AS name,
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
  WHERE x_bucket <> '__split__'
  GROUP BY
    owner_hash,
    billing_currency,
    x_team,
    x_bucket,
    CASE WHEN coalesce(trim(resource_id), '') = '' THEN charge_description END
)
SELECT
  CAST(NULL AS VARCHAR) AS policy,
  currency AS currency,
  team AS team,
  service AS service,
  bucket AS bucket,
  coalesce(lower(nullif(trim(resource_id), '')), description, service) AS resource,
  coalesce(any_value(name), regexp_extract(coalesce(any_value(resource_id), ''), '([^/]*)/?$', 1), '') AS name,
  any_value(resource_group) AS resource_group,
  any_value(environment) AS environment,
  any_value(rule) AS rule,
  any_value(hint) AS hint,
  CAST(sum(lines) AS BIGINT) AS lines,
  sum(billed) AS billed,
  sum(effective) AS effective,
  sum(list) AS list,
  sum(contracted) AS contracted
FROM key
GROUP BY
  currency,
  team,
  service,
  bucket,
  coalesce(lower(nullif(trim(resource_id), '')), description, service)
UNION ALL
SELECT
  NULL,
  currency,
  team,
  service,
  CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE bucket END,
  resource,
  coalesce(nullif(regexp_extract(resource, '([^/]*)/?$', 1), ''), ''),
  nullif(regexp_extract(resource, '/resourcegroups/([^/]+)', 1), ''),
  any_value(environment),
  any_value(rule_text),
  NULL,
  CAST(sum(lines) AS BIGINT),
  sum(billed),
  sum(effective),
  sum(list),
  sum(contracted)
FROM cluster_spend
GROUP BY
  currency,
  team,
  service,
  CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE bucket END,
  resource
UNION ALL
SELECT
  m.policy,
  m.currency,
  m.team,
  m.service,
  CASE WHEN m.team = '__unowned__' THEN '__unowned__' ELSE m.bucket END,
  coalesce(c.resource_id, m.pool),
  coalesce(nullif(m.cluster, ''), regexp_extract(m.pool, '([^/]*)/?$', 1)),
  NULL,
  any_value(m.environment),
  NULL,
  NULL,
  CAST(1 AS BIGINT),
  sum(m.billed),
  sum(m.effective),
  sum(m.list),
  sum(m.contracted)
FROM moved AS m
LEFT JOIN cluster AS c
  ON c.name = m.cluster
GROUP BY
  m.policy,
  m.currency,
  m.team,
  m.service,
  CASE WHEN m.team = '__unowned__' THEN '__unowned__' ELSE m.bucket END,
  coalesce(c.resource_id, m.pool),
  coalesce(nullif(m.cluster, ''), regexp_extract(m.pool, '([^/]*)/?$', 1))
