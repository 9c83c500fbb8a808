-- Disks that some cluster uses, wherever they lie. Grain: disk. Reads: volume_disk, volume_day.
-- Read by: left-behind.
SELECT resource AS resource
FROM volume_disk
UNION
SELECT volume_handle
FROM volume_day
WHERE volume_handle IS NOT NULL
