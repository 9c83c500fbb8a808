-- What a core and a GiB of each machine type are worth beside each other, in ppm of a core: the longest
-- family that its name begins with, as attribution has it. Grain: instance type.
-- Reads: node_hour, vm_weight. Read by: pool_hour, the ledger.
SELECT
  t.instance_type AS instance_type,
  arg_max(w.cpu, length(w.family)) AS cpu,
  arg_max(w.gib, length(w.family)) AS gib
FROM (SELECT DISTINCT instance_type AS instance_type FROM node_hour) AS t
JOIN vm_weight AS w
  ON starts_with(lower(coalesce(t.instance_type, '')), w.family)
GROUP BY
  t.instance_type
