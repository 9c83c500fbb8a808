-- Services that public addresses were made for, and when each was last there. Grain: address, service.
-- Reads: bill_cluster_line, service_hour. Read by: unused-address.
WITH
named AS (
  SELECT DISTINCT
    cluster AS cluster,
    resource_key AS resource,
    trim(unnest(string_split(split_key, ','))) AS place
  FROM bill_cluster_line
  WHERE kind = 'public-ip'
    AND split_key <> ''
)
SELECT
  n.cluster AS cluster,
  n.resource AS resource,
  split_part(n.place, '/', 1) AS namespace,
  split_part(n.place, '/', 2) AS service,
  max(day_of(h.hour)) AS last_seen
FROM named AS n
LEFT JOIN service_hour AS h
  ON h.cluster = n.cluster
  AND h.namespace = split_part(n.place, '/', 1)
  AND h.service = split_part(n.place, '/', 2)
GROUP BY
  n.cluster,
  n.resource,
  n.place
