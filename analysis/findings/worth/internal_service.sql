-- Internal services of clusters whose services are listed by the Kubernetes source. Grain: cluster.
-- Reads: work.inventory, work.inventory_scan. Read by: unused-balancer.
SELECT
  c.cluster AS cluster,
  min(c.first_at) AS scanned_from,
  max(c.last_at) AS scanned_until,
  count(i.uid) FILTER (WHERE i.valid_to IS NULL) AS open,
  max(i.valid_to) AS last_seen
FROM work.inventory_scan AS c
LEFT JOIN work.inventory AS i
  ON i.source = c.source
  AND i.cluster = c.cluster
  AND i.kind = 'Service'
  AND (i.spec ->> '$.type') = 'LoadBalancer'
  AND (i.annotations ->> '$."service.beta.kubernetes.io/azure-load-balancer-internal"') = 'true'
WHERE c.kind = 'Service'
  AND list_contains($sources, c.source)
  AND list_contains($clusters, c.cluster)
GROUP BY
  c.cluster
