-- The objects of a scan as they go into the history: owner chains followed to the top controller and
-- pods put on their node's key. Grain: kind, uid.
-- Reads: inventory_landed (the scan), inventory (for links the scan does not hold any more).
-- Read by: history.ts, into inventory_seen. Parameters: $source, $cluster.
WITH landed AS (
  -- A list that moved under its pages may hold an object twice.
  SELECT
    kind,
    namespace,
    name,
    uid,
    created,
    labels,
    annotations,
    -- A node that runs a static pod does not own it.
    CASE WHEN controller_kind = 'Node' THEN NULL ELSE controller_kind END AS controller_kind,
    controller_name,
    controller_uid,
    node_name,
    node,
    spec
  FROM inventory_landed
  QUALIFY row_number() OVER (PARTITION BY kind, uid ORDER BY namespace, name, spec) = 1
),
known AS (
  SELECT kind, name, uid, valid_from, valid_to, owner_kind, owner_name, node, spec
  FROM inventory
  WHERE source = $source AND cluster = $cluster AND kind IN ('ReplicaSet', 'Job', 'Node', 'Pod')
),
-- What stands between a pod and its workload, by uid; once known it is not forgotten.
link AS (
  SELECT uid, owner_kind, owner_name
  FROM (
    SELECT uid AS uid, controller_kind AS owner_kind, controller_name AS owner_name, '9' AS since
    FROM landed
    WHERE kind IN ('ReplicaSet', 'Job') AND controller_kind IS NOT NULL
    UNION ALL
    SELECT uid AS uid, owner_kind AS owner_kind, owner_name AS owner_name, valid_from AS since
    FROM known
    WHERE kind IN ('ReplicaSet', 'Job') AND owner_kind IS NOT NULL
  )
  QUALIFY row_number() OVER (PARTITION BY uid ORDER BY since DESC) = 1
),
node_key AS (
  SELECT name, node
  FROM (
    SELECT name AS name, node AS node, 2 AS rank, '' AS since FROM landed WHERE kind = 'Node'
    UNION ALL
    SELECT
      name AS name,
      node AS node,
      CASE WHEN valid_to IS NULL THEN 1 ELSE 0 END AS rank,
      valid_from AS since
    FROM known
    WHERE kind = 'Node'
  )
  QUALIFY row_number() OVER (PARTITION BY name ORDER BY rank DESC, since DESC) = 1
),
-- A pod never leaves its node; the node's name may come again with another machine behind it.
bound AS (
  SELECT uid AS uid, node AS node, json_extract_string(spec, '$.nodeName') AS node_name
  FROM known
  WHERE kind = 'Pod' AND node IS NOT NULL AND node NOT LIKE 'name:%'
  QUALIFY row_number() OVER (PARTITION BY uid ORDER BY valid_from DESC) = 1
)
SELECT
  landed.kind AS kind,
  landed.namespace AS namespace,
  landed.name AS name,
  landed.uid AS uid,
  landed.created AS created,
  landed.labels AS labels,
  landed.annotations AS annotations,
  CASE
    WHEN landed.kind <> 'Pod' THEN landed.controller_kind
    WHEN landed.controller_kind IS NULL THEN 'Pod'
    ELSE coalesce(link.owner_kind, landed.controller_kind)
  END AS owner_kind,
  CASE
    WHEN landed.kind = 'Pod' AND landed.controller_kind IS NULL THEN landed.name
    WHEN landed.controller_kind IS NULL THEN NULL
    WHEN landed.kind <> 'Pod' THEN landed.controller_name
    ELSE coalesce(link.owner_name, landed.controller_name)
  END AS owner_name,
  CASE
    WHEN landed.kind = 'Node' THEN landed.node
    WHEN landed.node_name IS NULL THEN NULL
    ELSE coalesce(bound.node, node_key.node, concat('name:', lower(landed.node_name)))
  END AS node,
  landed.spec AS spec
FROM landed
LEFT JOIN link ON landed.kind = 'Pod' AND link.uid = landed.controller_uid
LEFT JOIN node_key ON landed.kind = 'Pod' AND node_key.name = landed.node_name
LEFT JOIN bound
  ON landed.kind = 'Pod' AND bound.uid = landed.uid AND bound.node_name = landed.node_name
