-- Who takes part of a divided cost. Grain: cluster, namespace, workload, bucket; numbered in byte
-- order, so that the number decides where the order of keys must. Reads: raw_weight, shared_weight.
-- Of a shared service: a namespace, or without one a workload of the kind team or resource.
-- Read by: weight, consumer_day, cluster_spend and what explains them.
SELECT
  CAST(row_number() OVER (ORDER BY encode(cluster), encode(bucket), encode(namespace), encode(workload_kind), encode(workload)) AS INTEGER) AS consumer_id,
  cluster AS cluster,
  namespace AS namespace,
  workload_kind AS workload_kind,
  workload AS workload,
  bucket AS bucket
FROM (
  SELECT DISTINCT
    cluster AS cluster,
    namespace AS namespace,
    workload_kind AS workload_kind,
    workload AS workload,
    bucket AS bucket
  FROM raw_weight
  UNION
  SELECT cluster, namespace, workload_kind, workload, 'shared'
  FROM shared_weight
  UNION
  -- What a split without any weight falls to.
  SELECT DISTINCT cluster, '', '', '', '__no_usage_data__'
  FROM cluster_line
)
