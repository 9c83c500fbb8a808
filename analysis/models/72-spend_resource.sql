-- Cost of a resource for an owner. Grain: owner, resource, service, bucket, currency, policy.
-- Reads: line_fact, line_word, line_resource, line_owner, cluster_spend, moved, cluster. Read by: showback by resource, movers.
-- A line without a resource stands under its description; what a policy moves stands under its cluster,
-- an unused commitment under itself.
WITH
-- By the numbers first: texts are worked out once a key, not once a line.
resource AS (
  SELECT
    resource_no AS resource_no,
    coalesce(trim(resource_id), '') = '' AS is_nameless
  FROM line_resource
),
numbered AS (
  SELECT
    f.resource_no AS resource_no,
    f.own_no AS own_no,
    w.billing_currency AS currency,
    CASE WHEN r.is_nameless THEN f.charge_description END AS description,
    any_value(nullif(f.resource_name, '')) AS name,
    count(*) AS lines,
    coalesce(sum(f.billed_cost), 0) AS billed,
    coalesce(sum(f.effective_cost), 0) AS effective,
    coalesce(sum(f.list_cost), 0) AS list,
    coalesce(sum(f.contracted_cost), 0) AS contracted
  FROM line_fact AS f
  JOIN line_word AS w
    ON w.word_no = f.word_no
  JOIN line_owner AS n
    ON n.own_no = f.own_no
    AND n.x_bucket <> '__split__'
  JOIN resource AS r
    ON r.resource_no = f.resource_no
  GROUP BY
    f.resource_no,
    f.own_no,
    w.billing_currency,
    CASE WHEN r.is_nameless THEN f.charge_description END
),
key AS (
  SELECT
    k.currency AS currency,
    n.x_team AS team,
    n.x_bucket AS bucket,
    k.description AS description,
    r.service AS service,
    r.resource_id AS resource_id,
    k.name AS name,
    r.x_resource_group_key AS resource_group,
    r.x_environment AS environment,
    n.x_rule AS rule,
    CASE WHEN n.x_bucket IN ('__unowned__', '__unmatched__') THEN r.hint END AS hint,
    k.lines AS lines,
    k.billed AS billed,
    k.effective AS effective,
    k.list AS list,
    k.contracted AS contracted
  FROM numbered AS k
  JOIN line_resource AS r
    ON r.resource_no = k.resource_no
  JOIN line_owner AS n
    ON n.own_no = k.own_no
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
