-- Which keys are a cluster's, and what they paid for. Grain: owner_hash.
-- Reads: owner_key, tag_value, cluster. Read by: line, cluster_line.
-- A cluster's own resource is its control plane; what lies in its node resource group is told by its
-- type and the tags that Azure and Kubernetes put there. What is none of these stays a plain resource.
WITH
marks AS (
  SELECT
    tags AS tags,
    max(CASE WHEN tag_key = 'kubernetes.io-created-for-pv-name' THEN tag_value END) AS pv,
    max(CASE WHEN tag_key = 'kubernetes.io-created-for-pvc-namespace' THEN tag_value END) AS claim_namespace,
    max(CASE WHEN tag_key = 'kubernetes.io-created-for-pvc-name' THEN tag_value END) AS claim,
    max(CASE WHEN tag_key = 'aks-managed-poolname' THEN lower(tag_value) END) AS pool,
    max(CASE WHEN tag_key = 'aks-managed-creationsource' THEN lower(regexp_extract(tag_value, '(?i)^vmssclient-(.+)$', 1)) END) AS scale_set,
    max(CASE WHEN tag_key IN ('k8s-azure-service', 'service') AND contains(tag_value, '/') THEN tag_value END) AS services
  FROM tag_value
  GROUP BY
    tags
),
placed AS (
  SELECT
    k.owner_hash AS owner_hash,
    k.resource_key AS resource_key,
    k.tags AS tags,
    min(c.name) AS cluster,
    bool_or(k.resource_key = c.resource_id OR starts_with(k.resource_key, c.resource_id || '/')) AS is_control_plane
  FROM owner_key AS k
  JOIN cluster AS c
    ON k.resource_key = c.resource_id
    OR starts_with(k.resource_key, c.resource_id || '/')
    OR (starts_with(k.resource_key, c.subscription || '/') AND like_escape(k.resource_group, c.node_group, '\'))
  GROUP BY
    k.owner_hash,
    k.resource_key,
    k.tags
)
SELECT
  p.owner_hash AS owner_hash,
  p.cluster AS cluster,
  CASE
    WHEN p.is_control_plane THEN 'control-plane'
    WHEN regexp_matches(p.resource_key, '/providers/microsoft\.compute/(virtualmachinescalesets|virtualmachines)/') THEN 'node'
    WHEN contains(p.resource_key, '/providers/microsoft.compute/disks/') THEN
      CASE
        WHEN m.claim IS NOT NULL OR m.pv IS NOT NULL OR regexp_matches(p.resource_key, '/disks/(pvc-|kubernetes-dynamic-)') THEN 'volume'
        WHEN m.pool IS NOT NULL OR nullif(m.scale_set, '') IS NOT NULL THEN 'os-disk'
        ELSE 'volume'
      END
    WHEN contains(p.resource_key, '/providers/microsoft.network/loadbalancers/') THEN 'load-balancer'
    WHEN contains(p.resource_key, '/providers/microsoft.network/publicipaddresses/') THEN 'public-ip'
    WHEN contains(p.resource_key, '/providers/microsoft.network/') THEN 'network'
  END AS kind,
  p.resource_key AS resource_key,
  nullif(regexp_extract(p.resource_key, '^(.*/providers/microsoft\.compute/(?:virtualmachinescalesets/[^/]+/)?virtualmachines/[^/]+)', 1), '') AS node,
  coalesce(
    nullif(regexp_extract(p.resource_key, '/virtualmachinescalesets/([^/]+)', 1), ''),
    nullif(m.scale_set, '')
  ) AS scale_set,
  m.pool AS pool,
  coalesce(m.pv, nullif(regexp_extract(p.resource_key, '/disks/(pvc-[^/]+)', 1), '')) AS pv,
  m.claim_namespace AS claim_namespace,
  m.claim AS claim,
  m.services AS services
FROM placed AS p
LEFT JOIN marks AS m
  ON m.tags = p.tags
