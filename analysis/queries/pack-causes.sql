-- What a month's hashes are of, word for word. Grain: cause. Empty in months of versions that kept hashes alone.
-- Reads: visible_cause of {{month}}. Read by: audit pack. Parameters: $scope.
SELECT
  name AS name,
  hash AS hash,
  text AS text
FROM {{month}}.visible_cause($scope)
ORDER BY name
