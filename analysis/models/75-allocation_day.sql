-- Cost of workloads day by day, by what was paid for, before redistribution. Grain: day, currency,
-- cluster, namespace, workload, bucket, owner, kind of thing paid for.
-- Reads: cluster_spend. Shares of shared services are no cost of a cluster. Read by: OpenCost's allocation.
-- Where a resource's list cost is not stated, its effective one stands for it: no discount is made up.
WITH
paid AS (
  SELECT
    s.*,
    CASE
      WHEN s.pool <> '' OR contains(s.resource, '/virtualmachine') THEN 'compute'
      WHEN contains(s.resource, '/providers/microsoft.compute/disks/') THEN 'volume'
      WHEN contains(s.resource, '/providers/microsoft.network/loadbalancers/') THEN 'load-balancer'
      WHEN contains(s.resource, '/providers/microsoft.network/') THEN 'network'
      ELSE 'control-plane'
    END AS paid_for
  FROM cluster_spend AS s
  WHERE s.bucket <> 'shared'
    AND s.cluster <> ''
)
SELECT
  day AS day,
  currency AS currency,
  cluster AS cluster,
  namespace AS namespace,
  workload_kind AS workload_kind,
  workload AS workload,
  bucket AS bucket,
  team AS team,
  paid_for AS paid_for,
  sum(effective) AS effective,
  sum(CASE WHEN list_nulls = 0 THEN list ELSE effective END) AS list
FROM paid
GROUP BY ALL
ORDER BY
  day,
  cluster,
  namespace
