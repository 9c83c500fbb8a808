-- Ends the rows of objects that changed or are gone, at the scan's instant.
-- Reads: inventory_seen. Writes: inventory. Run by: history.ts.
-- Parameters: $source, $cluster, $at, $kinds (those the scan read to the end).
UPDATE inventory SET valid_to = $at
WHERE source = $source
  AND cluster = $cluster
  AND valid_to IS NULL
  AND list_contains($kinds, kind)
  AND NOT EXISTS (
    SELECT 1
    FROM inventory_seen AS seen
    WHERE seen.kind = inventory.kind
      AND seen.uid = inventory.uid
      AND seen.namespace = inventory.namespace
      AND seen.name = inventory.name
      AND seen.labels = inventory.labels
      AND seen.annotations = inventory.annotations
      AND seen.owner_kind IS NOT DISTINCT FROM inventory.owner_kind
      AND seen.owner_name IS NOT DISTINCT FROM inventory.owner_name
      AND seen.node IS NOT DISTINCT FROM inventory.node
      AND seen.spec = inventory.spec
  )
