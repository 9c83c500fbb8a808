-- What a key tells beyond its owner: environment, the type of an Azure
-- resource, whether it is a shared service, and who may own it
-- where nobody does. Grain: owner_hash.
-- Reads: owner_key, tag_value, environment_tag. Read by: line.
WITH
environments AS (
  SELECT
    t.tags AS tags,
    arg_min(lower(trim(t.tag_value)), e.place) AS environment
  FROM tag_value AS t
  JOIN environment_tag AS e
    ON e.tag_key = t.tag_key
  WHERE trim(t.tag_value) <> ''
  GROUP BY
    t.tags
),
people AS (
  SELECT
    tags AS tags,
    arg_min(tag_key || ' tag: ' || tag_value, list_position(['createdby', 'created-by', 'creator', 'owner', 'team', 'contact', 'application', 'project', 'costcenter'], tag_key)) AS hint
  FROM tag_value
  WHERE tag_key IN ('createdby', 'created-by', 'creator', 'owner', 'team', 'contact', 'application', 'project', 'costcenter')
    AND trim(tag_value) <> ''
  GROUP BY
    tags
)
SELECT
  k.owner_hash AS owner_hash,
  coalesce(e.environment, '') AS environment,
  k.resource_group AS resource_group,
  nullif(regexp_extract(k.resource_key, '/providers/([^/]+/[^/]+)', 1), '') AS resource_type,
  coalesce(regexp_matches(k.resource_key, '/providers/(microsoft\.web/(hostingenvironments|serverfarms)|microsoft\.sql/(managedinstances|servers/[^/]+/elasticpools)|microsoft\.operationalinsights/workspaces|microsoft\.apimanagement/service)/'), false) AS is_shared,
  coalesce(
    p.hint,
    'resource group: ' || nullif(k.resource_group, ''),
    'subscription: ' || coalesce(k.sub_account_name, k.sub_account_key)
  ) AS hint
FROM owner_key AS k
LEFT JOIN environments AS e
  ON e.tags = k.tags
LEFT JOIN people AS p
  ON p.tags = k.tags
