-- Rows stored plus rows rejected are the rows the manifest promised, unit by unit; and what is read
-- now are the rows that were counted when the unit was loaded.
WITH
counted AS (
  SELECT c.source AS source, c.unit AS unit, CAST(sum(c.rows) AS BIGINT) AS lines
  FROM control AS c
  GROUP BY c.source, c.unit
),
read AS (
  SELECT l.x_source AS source, l.x_unit AS unit, count(*) AS lines
  FROM month_line AS l
  GROUP BY l.x_source, l.x_unit
),
units AS (
  SELECT
    u.unit AS unit,
    u.rows AS rows,
    u.rejected AS rejected,
    u.promised AS promised,
    coalesce(c.lines, 0) AS counted,
    coalesce(r.lines, 0) AS lines
  FROM month_unit AS u
  LEFT JOIN counted AS c
    ON c.source = u.source
    AND c.unit = u.unit
  LEFT JOIN read AS r
    ON r.source = u.source
    AND r.unit = u.unit
)
SELECT
  CAST(NULL AS VARCHAR) AS currency,
  coalesce(bool_and((promised IS NULL OR promised = rows + rejected) AND counted = lines), true) AS ok,
  concat(
    count(*), ' units, ', coalesce(sum(rows), 0), ' rows stored, ', coalesce(sum(rejected), 0), ' rejected',
    CASE
      WHEN count(*) FILTER (promised IS NULL) > 0
        THEN concat('; ', count(*) FILTER (promised IS NULL), ' without a promised number of rows, so that nothing says they are whole')
      ELSE ''
    END,
    coalesce(', wrong: ' || string_agg(
      CASE
        WHEN promised IS NOT NULL AND promised <> rows + rejected THEN concat(unit, ' (', promised, ' promised)')
        WHEN counted <> lines THEN concat(unit, ' (', counted, ' lines loaded, ', lines, ' read)')
      END, ', '), '')
  ) AS detail
FROM units
