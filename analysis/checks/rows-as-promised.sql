-- Rows stored plus rows rejected are the rows the manifest promised, unit by unit.
SELECT
  CAST(NULL AS VARCHAR) AS currency,
  coalesce(bool_and(promised IS NULL OR promised = rows + rejected), true) AS ok,
  concat(
    count(*), ' units, ', coalesce(sum(rows), 0), ' rows stored, ', coalesce(sum(rejected), 0), ' rejected',
    coalesce(', wrong: ' || string_agg(CASE WHEN promised IS NOT NULL AND promised <> rows + rejected THEN concat(unit, ' (', promised, ' promised)') END, ', '), '')
  ) AS detail
FROM month_unit
