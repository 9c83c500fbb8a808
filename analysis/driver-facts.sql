-- The files of quantities that a month's shared services may be divided by. Grain: file.
-- Reads: unit_fact (with the ledger). Read by: monthInputs.
-- Parameters: $days (the month's charge days), $sources (names).
-- Calendar months of the charge days; of a source without any day there, its newest day before.
WITH
charged AS (
  SELECT DISTINCT
    left(day, 7) AS month
  FROM (SELECT unnest($days) AS day)
),
known AS (
  SELECT
    f.source AS source,
    f.day AS day,
    f.parquet AS parquet,
    f.parquet_sha256 AS sha,
    left(f.day, 7) IN (SELECT month FROM charged) AS is_charged
  FROM unit_fact AS f
  WHERE f.kind = 'driver_hour'
    AND list_contains($sources, f.source)
),
before AS (
  SELECT
    k.source AS source,
    max(k.day) AS day
  FROM known AS k
  WHERE left(k.day, 7) < (SELECT min(month) FROM charged)
    AND NOT EXISTS (SELECT 1 FROM known AS c WHERE c.source = k.source AND c.is_charged)
  GROUP BY
    k.source
)
SELECT
  'driver_hour' AS kind,
  k.parquet AS parquet,
  k.sha AS sha
FROM known AS k
LEFT JOIN before AS b
  ON b.source = k.source
  AND b.day = k.day
WHERE k.is_charged
  OR b.day IS NOT NULL
ORDER BY
  k.day,
  k.source,
  k.parquet
