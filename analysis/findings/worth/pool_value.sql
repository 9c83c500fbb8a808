-- What a millicore and a MiB of a pool are worth beside each other. Grain: cluster, pool.
-- Reads: node_hour, vm_value. Read by: the ledger. A pool is of one machine type; the last seen counts.
SELECT
  n.cluster AS cluster,
  n.pool AS pool,
  CAST(arg_max(v.cpu, n.hour) * 1024 AS VARCHAR) AS millicore,
  CAST(arg_max(v.gib, n.hour) * 1000 AS VARCHAR) AS mib
FROM node_hour AS n
JOIN vm_value AS v
  ON v.instance_type IS NOT DISTINCT FROM n.instance_type
WHERE n.pool <> ''
  AND NOT n.virtual
GROUP BY
  n.cluster,
  n.pool
