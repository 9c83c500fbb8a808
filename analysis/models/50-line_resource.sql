-- What ownership can see of a line, as written, and what follows from it; kept once for all its lines.
-- Grain: owner_hash, by resource_no. Reads: owner_key, owner_fact, cluster_key, cluster. Read by: line.
SELECT
  k.resource_no AS resource_no,
  k.owner_hash AS owner_hash,
  k.resource_id AS resource_id,
  k.written_group AS x_resource_group,
  k.sub_account_id AS sub_account_id,
  k.written_account_name AS sub_account_name,
  k.service AS service,
  k.tags AS tags,
  f.resource_type AS resource_type,
  c.cluster AS x_cluster,
  coalesce(nullif(f.environment, ''), e.environment, '') AS x_environment,
  f.resource_group AS x_resource_group_key,
  f.hint AS hint
FROM owner_key AS k
JOIN owner_fact AS f
  ON f.owner_hash = k.owner_hash
LEFT JOIN cluster_key AS c
  ON c.owner_hash = k.owner_hash
LEFT JOIN cluster AS e
  ON e.name = c.cluster
WHERE k.is_billed
