-- Lines that a cluster's usage or a shared service's weights split. Grain: one bill line.
-- Reads: line, cluster_key, shared_line. Read by: node_day, raw_weight, shared_weight, line_amount.
-- A shared service has no cluster: its name is the split's key.
-- A scale set's line names its instance in the details (VMName or VmName): "<set>_12", or, as the last
-- resort that `node_by` records, a node name that ends in six base-36 digits.
-- Compute time: hours of a virtual machine; licences, disks, Defender and bandwidth are none.
WITH
-- Details name a node once for all the lines that carry them.
detail AS (
  SELECT DISTINCT
    l.owner_hash AS owner_hash,
    l.x_sku_details AS details,
    k.resource_key AS resource_key,
    k.scale_set AS scale_set
  FROM line AS l
  JOIN cluster_key AS k
    ON k.owner_hash = l.owner_hash
    AND k.kind = 'node'
    AND k.node IS NULL
  WHERE l.x_bucket = '__split__'
),
named AS (
  SELECT
    d.*,
    lower(regexp_extract(d.details, '(?i)"vmname"\s*:\s*"([^"]+)"', 1)) AS vm_name
  FROM detail AS d
),
found AS (
  SELECT
    n.owner_hash AS owner_hash,
    n.details AS details,
    CASE
      WHEN regexp_matches(n.vm_name, '_\d+$')
        THEN n.resource_key || '/virtualmachines/' || ltrim(regexp_extract(n.vm_name, '_(\d+)$', 1), '0') || CASE WHEN regexp_matches(n.vm_name, '_0+$') THEN '0' ELSE '' END
      WHEN length(n.vm_name) = length(n.scale_set) + 6 AND starts_with(n.vm_name, n.scale_set) AND regexp_matches(n.vm_name, '[0-9a-z]{6}$')
        THEN n.resource_key || '/virtualmachines/' || base36(right(n.vm_name, 6))
    END AS node,
    CASE
      WHEN regexp_matches(n.vm_name, '_\d+$') THEN 'VM name'
      WHEN n.vm_name <> '' THEN 'base-36 node name'
    END AS node_by
  FROM named AS n
),
lines AS (
  SELECT
    l.line_id AS line_id,
    l.x_cluster AS cluster,
    k.kind AS kind,
    k.resource_key AS resource_key,
    l.x_day AS day,
    coalesce(k.node, f.node) AS node,
    CASE WHEN k.node IS NOT NULL THEN 'resource id' ELSE f.node_by END AS node_by,
    k.scale_set AS scale_set,
    k.pool AS pool,
    k.pv AS pv,
    k.claim_namespace AS claim_namespace,
    k.services AS services,
    CASE
      WHEN k.kind = 'node'
        AND lower(coalesce(nullif(l.x_sku_meter_category, ''), l.service_name)) = 'virtual machines'
        AND contains(lower(coalesce(l.consumed_unit, l.pricing_unit, '')), 'hour')
        AND l.charge_category = 'Usage'
        AND l.consumed_quantity > 0
        THEN CAST(round(CAST(l.consumed_quantity AS DECIMAL(18,6)) * 3600) AS BIGINT)
      ELSE 0
    END AS billed_s
  FROM line AS l
  JOIN cluster_key AS k
    ON k.owner_hash = l.owner_hash
  LEFT JOIN found AS f
    ON f.owner_hash = l.owner_hash
    AND f.details = l.x_sku_details
  WHERE l.x_bucket = '__split__'
    AND l.x_match <> 'shared-service'
)
SELECT
  line_id AS line_id,
  cluster AS cluster,
  kind AS kind,
  day AS day,
  CASE
    WHEN kind = 'node' AND node IS NOT NULL THEN 'node'
    WHEN kind IN ('node', 'os-disk') THEN 'pool'
    ELSE kind
  END AS split_kind,
  CASE
    WHEN kind = 'node' AND node IS NOT NULL THEN node
    WHEN kind IN ('node', 'os-disk') THEN coalesce(scale_set, 'pool:' || pool, '')
    WHEN kind = 'volume' THEN coalesce(pv, resource_key)
    WHEN kind = 'public-ip' THEN coalesce(services, '')
    ELSE ''
  END AS split_key,
  resource_key AS resource_key,
  node AS node,
  node_by AS node_by,
  claim_namespace AS claim_namespace,
  billed_s AS billed_s
FROM lines
UNION ALL
SELECT
  l.line_id,
  '',
  'shared-service',
  l.x_day,
  'shared',
  s.team,
  coalesce(lower(nullif(trim(l.resource_id), '')), l.charge_description, l.service),
  NULL,
  NULL,
  NULL,
  0
FROM line AS l
JOIN shared_line AS s
  ON s.owner_hash = l.owner_hash
WHERE l.x_bucket = '__split__'
  AND l.x_match = 'shared-service'
