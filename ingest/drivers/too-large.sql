-- An hour whose rows add up to more than a stored quantity holds, if there is one. Grain: at most one row.
-- Reads: driver_row. Read by: DriverRows, which refuses the unit.
SELECT
  driver AS driver,
  consumer AS consumer,
  strftime(make_timestamp(hour * 1000000), '%Y-%m-%dT%H:%M:%SZ') AS hour
FROM driver_row
GROUP BY
  hour,
  driver,
  consumer
HAVING sum(CAST(quantity AS HUGEINT)) > 9223372036854775807
LIMIT 1
