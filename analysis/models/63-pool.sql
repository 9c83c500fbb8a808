-- Cost that a policy may pass on. Grain: policy, cluster, day, currency, node pool (of idle capacity),
-- bucket or shared namespace with its owner, environment, service.
-- Reads: cluster_spend, policy, shared_namespace. Read by: moved.
WITH
pools AS (
  SELECT
    p.policy AS policy,
    p.mode AS mode,
    p.team AS to_team,
    s.day AS day,
    s.currency AS currency,
    s.cluster AS cluster,
    CASE WHEN s.bucket = '__idle__' THEN s.pool ELSE '' END AS pool,
    s.bucket AS bucket,
    s.namespace AS namespace,
    s.team AS team,
    s.business_unit AS business_unit,
    s.cost_center AS cost_center,
    s.environment AS environment,
    s.service AS service,
    s.billed AS billed,
    s.effective AS effective,
    s.list AS list,
    s.contracted AS contracted
  FROM cluster_spend AS s
  LEFT JOIN shared_namespace AS n
    ON n.cluster = s.cluster
    AND n.namespace = s.namespace
  JOIN policy AS p
    ON p.bucket = CASE WHEN s.namespace = '' THEN s.bucket WHEN n.namespace IS NOT NULL THEN 'shared namespaces' END
  WHERE p.mode <> 'keep'
)
SELECT
  policy AS policy,
  mode AS mode,
  to_team AS to_team,
  day AS day,
  currency AS currency,
  cluster AS cluster,
  pool AS pool,
  bucket AS bucket,
  namespace AS namespace,
  team AS team,
  business_unit AS business_unit,
  cost_center AS cost_center,
  environment AS environment,
  service AS service,
  hash(mode, cluster, day, currency, pool) AS split_id,
  sum(billed) AS billed,
  sum(effective) AS effective,
  sum(list) AS list,
  sum(contracted) AS contracted
FROM pools
GROUP BY ALL
