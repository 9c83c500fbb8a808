-- Tags as keys and values. Grain: tag text, key (lower case).
-- Reads: owner_key. Read by: owner, month_environment.
-- EA writes tags without braces. Azure's tag keys ignore case: of two that differ only by it, or are
-- the same, the first in the text wins. Broken text stays on its line and matches nothing; so does what
-- no Azure resource can carry (50 tags of 768 characters), which would cost more than all the others.
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
    AND strlen(tags) <= 65536
),
-- Keys and values side by side, in the order of the text: a key never becomes a path, where "*" means
-- all values and an empty one is an error.
pairs AS (
  SELECT
    tags AS tags,
    unnest(json_keys(object)) AS tag_key,
    unnest(json_extract_string(object, '$.*')) AS tag_value,
    generate_subscripts(json_keys(object), 1) AS place
  FROM texts
  WHERE object IS NOT NULL
    AND len(json_keys(object)) <= 1000
),
read AS (
  SELECT
    tags AS tags,
    lower(tag_key) AS tag_key,
    place AS place,
    tag_value AS tag_value
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
