-- What rules can meet in a month: tag keys of its lines, its namespaces, and shared services of which
-- nobody is known. Grain: kind, value. Reads: visible_line, visible_consumer,
-- visible_split of {{month}}. Read by: doctor. Parameters: $scope.
WITH
texts AS (
  SELECT DISTINCT tags AS tags FROM {{month}}.visible_line($scope) WHERE tags IS NOT NULL AND strlen(tags) <= 65536
),
objects AS (
  SELECT CASE WHEN json_valid(tags) THEN tags WHEN json_valid('{' || tags || '}') THEN '{' || tags || '}' END AS object
  FROM texts
)
SELECT DISTINCT
  'tag' AS kind,
  lower(unnest(json_keys(object))) AS value
FROM objects
WHERE object IS NOT NULL
  AND json_type(object) = 'OBJECT'
UNION ALL
SELECT DISTINCT
  'namespace',
  lower(concat(cluster, '/', namespace))
FROM {{month}}.visible_consumer($scope)
WHERE namespace <> ''
UNION ALL
SELECT DISTINCT
  'silent',
  basis
FROM {{month}}.visible_split($scope)
WHERE split_kind = 'shared'
  AND contains(basis, 'nobody is known to use it')
