-- Tags as keys and values. Grain: tag text, key (lower case).
-- Reads: owner_key. Read by: owner, month_environment.
-- EA writes tags without braces; broken text stays on its line and matches nothing. Azure's tag keys
-- ignore case: of two that differ only by it the first in the text wins.
WITH
texts AS (
  SELECT DISTINCT
    tags AS tags,
    CASE
      WHEN json_valid(tags) AND json_type(CASE WHEN json_valid(tags) THEN tags END) = 'OBJECT'
        THEN tags
      WHEN json_valid('{' || tags || '}')
        THEN '{' || tags || '}'
    END AS object
  FROM owner_key
  WHERE tags IS NOT NULL
),
pairs AS (
  SELECT
    tags AS tags,
    unnest(json_keys(object)) AS tag_key,
    generate_subscripts(json_keys(object), 1) AS place,
    object AS object
  FROM texts
  WHERE object IS NOT NULL
),
read AS (
  SELECT
    tags AS tags,
    lower(tag_key) AS tag_key,
    place AS place,
    json_extract_string(object, '$."' || replace(replace(tag_key, '\', '\\'), '"', '\"') || '"') AS tag_value
  FROM pairs
)
SELECT
  tags AS tags,
  tag_key AS tag_key,
  arg_min(tag_value, place) AS tag_value
FROM read
GROUP BY
  tags,
  tag_key
