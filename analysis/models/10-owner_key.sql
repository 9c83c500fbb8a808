-- What ownership can see of a line. Grain: one distinct combination, as written.
-- Reads: month_line. Read by: tag_value, owner. The hash stands for the combination in every later
-- join; that no two share one is checked (line-has-one-owner). Case is dropped here, once a combination and
-- not once a line.
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
)
SELECT
  owner_hash AS owner_hash,
  lower(resource_id) AS resource_key,
  lower(coalesce(resource_group, regexp_extract(resource_id, '(?i)/resourcegroups/([^/]+)', 1))) AS resource_group,
  lower(sub_account_id) AS sub_account_key,
  lower(sub_account_name) AS sub_account_name,
  lower(service) AS service_key,
  tags AS tags
FROM seen
