-- What ownership can see of a line, or of a resource that shares a service and has no line of its own.
-- Grain: one distinct combination, as written. Reads: month_line, shared_taker. Read by: tag_value, owner,
-- owned, line_resource, line_fact, consumer_day. The hash stands for the combination in every later join; that no two share one is checked
-- (line-has-one-owner). Case is dropped here, once a combination and not once a line.
WITH
seen AS (
  SELECT DISTINCT
    resource_id AS resource_id,
    x_resource_group AS resource_group,
    sub_account_id AS sub_account_id,
    sub_account_name AS sub_account_name,
    service AS service,
    tags AS tags,
    owner_hash AS owner_hash
  FROM month_line
),
key AS (
  SELECT
    owner_hash AS owner_hash,
    resource_id AS resource_id,
    resource_group AS written_group,
    sub_account_id AS sub_account_id,
    sub_account_name AS written_account_name,
    service AS service,
    lower(resource_id) AS resource_key,
    lower(coalesce(resource_group, regexp_extract(resource_id, '(?i)/resourcegroups/([^/]+)', 1))) AS resource_group,
    lower(sub_account_id) AS sub_account_key,
    lower(sub_account_name) AS sub_account_name,
    lower(service) AS service_key,
    tags AS tags
  FROM seen
),
named AS (
  SELECT
    replace(sub_account_key, '/subscriptions/', '') AS subscription,
    min(sub_account_name) AS name
  FROM key
  GROUP BY
    replace(sub_account_key, '/subscriptions/', '')
),
unbilled AS (
  SELECT
    t.workload AS resource_key,
    nullif(regexp_extract(t.workload, '/resourcegroups/([^/]+)', 1), '') AS resource_group,
    nullif(regexp_extract(t.workload, '^/subscriptions/([^/]+)', 1), '') AS subscription
  FROM shared_taker AS t
  WHERE t.workload_kind = 'resource'
    AND t.workload NOT IN (SELECT resource_key FROM key WHERE resource_key IS NOT NULL)
)
SELECT
  CAST(row_number() OVER (ORDER BY owner_hash) AS INTEGER) AS resource_no,
  owner_hash AS owner_hash,
  resource_key AS resource_key,
  resource_group AS resource_group,
  sub_account_key AS sub_account_key,
  sub_account_name AS sub_account_name,
  service_key AS service_key,
  tags AS tags,
  true AS is_billed,
  resource_id AS resource_id,
  written_group AS written_group,
  sub_account_id AS sub_account_id,
  written_account_name AS written_account_name,
  service AS service
FROM key
UNION ALL
SELECT
  NULL,
  hash('shared taker', u.resource_key),
  u.resource_key,
  u.resource_group,
  '/subscriptions/' || u.subscription,
  n.name,
  NULL,
  NULL,
  false,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL
FROM unbilled AS u
LEFT JOIN named AS n
  ON n.subscription = u.subscription
