-- The days a unit's quantities are of. Grain: day, with the rows its file will hold.
-- Reads: driver_row. Read by: DriverRows, which writes a file a day.
WITH
hours AS (
  SELECT DISTINCT
    hour AS hour,
    driver AS driver,
    consumer AS consumer
  FROM driver_row
)
SELECT
  CAST(CAST(make_timestamp(hour * 1000000) AS DATE) AS VARCHAR) AS day,
  count(*) AS rows
FROM hours
GROUP BY
  day
ORDER BY
  day
