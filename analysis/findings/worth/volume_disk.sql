-- Disks on the bill that a cluster made for claims. Grain: cluster, disk. Reads: bill_cluster_line.
-- Read by: volume_state, released-volume.
SELECT
  cluster AS cluster,
  resource_key AS resource,
  arg_max(split_key, day) AS pv,
  coalesce(arg_max(claim_namespace, day), '') AS namespace
FROM bill_cluster_line
WHERE kind = 'volume'
GROUP BY
  cluster,
  resource_key
