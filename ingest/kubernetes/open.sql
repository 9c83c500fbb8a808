-- Opens rows for what has none: new objects from their creation, changed ones from the scan's instant.
-- Reads: inventory_seen, inventory. Writes: inventory. Run by: history.ts, after close.sql.
-- Parameters: $source, $cluster, $at, $kinds.
INSERT INTO inventory (
  source, cluster, kind, namespace, name, uid, valid_from, valid_to, assumed_until, labels,
  annotations, owner_kind, owner_name, node, spec
)
WITH known AS (
  SELECT kind AS kind, uid AS uid, bool_or(valid_to IS NULL) AS is_open
  FROM inventory
  WHERE source = $source AND cluster = $cluster
  GROUP BY kind, uid
)
SELECT
  $source AS source,
  $cluster AS cluster,
  seen.kind AS kind,
  seen.namespace AS namespace,
  seen.name AS name,
  seen.uid AS uid,
  -- A server whose clock is ahead of ours creates nothing in our future.
  CASE WHEN known.uid IS NULL THEN least(coalesce(seen.created, $at), $at) ELSE $at END
    AS valid_from,
  NULL AS valid_to,
  CASE WHEN known.uid IS NULL AND seen.created < $at THEN $at END AS assumed_until,
  seen.labels AS labels,
  seen.annotations AS annotations,
  seen.owner_kind AS owner_kind,
  seen.owner_name AS owner_name,
  seen.node AS node,
  seen.spec AS spec
FROM inventory_seen AS seen
LEFT JOIN known ON known.kind = seen.kind AND known.uid = seen.uid
WHERE list_contains($kinds, seen.kind) AND NOT coalesce(known.is_open, false)
