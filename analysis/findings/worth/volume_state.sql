-- What clusters said of each disk's volume. Grain: cluster, disk. Reads: volume_disk, volume_day,
-- volume_seen. Read by: unmounted-volume, released-volume.
WITH
days AS (
  SELECT
    d.cluster AS cluster,
    d.resource AS resource,
    CAST(v.day AS DATE) AS day,
    max(v.pv) AS pv,
    max(nullif(v.claim_namespace, '')) AS namespace,
    max(nullif(v.claim, '')) AS claim,
    max(v.bound_s) > 0 AS is_bound,
    max(v.mounted_s) > 0 AS is_mounted
  FROM volume_disk AS d
  JOIN volume_day AS v
    ON v.cluster = d.cluster
    AND (v.pv = d.pv OR v.volume_handle = d.resource)
  GROUP BY
    d.cluster,
    d.resource,
    v.day
)
SELECT
  d.cluster AS cluster,
  d.resource AS resource,
  arg_max(d.pv, d.day) AS pv,
  arg_max(d.namespace, d.day) AS namespace,
  arg_max(d.claim, d.day) AS claim,
  max(c.until) AS until,
  min(d.day) AS first_seen,
  max(CASE WHEN d.is_bound THEN d.day END) AS last_bound,
  max(CASE WHEN d.is_mounted THEN d.day END) AS last_mounted,
  max(c.days_of_14) AS days_of_14,
  count(CASE WHEN d.is_bound AND d.day > c.until - 14 THEN 1 END) AS bound_of_14
FROM days AS d
JOIN volume_seen AS c
  ON c.cluster = d.cluster
GROUP BY
  d.cluster,
  d.resource
