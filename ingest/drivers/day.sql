-- A day's quantities as they are stored. Grain: hour, driver, consumer.
-- Reads: driver_row. Read by: the fact driver_hour. Parameters: $day (YYYY-MM-DD, UTC).
SELECT
  hour AS hour,
  driver AS driver,
  consumer AS consumer,
  CAST(sum(quantity) AS BIGINT) AS quantity
FROM driver_row
WHERE CAST(make_timestamp(hour * 1000000) AS DATE) = CAST($day AS DATE)
GROUP BY
  hour,
  driver,
  consumer
ORDER BY
  hour,
  driver,
  consumer
