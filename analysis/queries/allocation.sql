-- Every bill line by who takes it, and what is passed on. Grain: line, consumer.
-- Reads: visible_line, visible_split_line, visible_cluster_line, visible_weight, visible_consumer, visible_consumer_day,
-- visible_split, visible_split_whole, visible_spend, visible_team_version of {{month}}. Read by: export allocation.
-- Parameters: $scope, $policy, $team (or NULL), $method, $start, $end, $wholes (false: ratios are not told,
-- since a cost and its ratio tell the whole, and the whole less one's own part is somebody else's).
-- A divided line stands once for each consumer: the four costs are its exact share, quantities the part
-- that makes them add up to the line's. What a policy passes on has rows of its own that cancel.
WITH
taker AS (
  SELECT
    m.split_id AS split_id,
    m.consumer_id AS consumer_id,
    m.weight AS weight,
    m.mark AS mark,
    h.whole AS whole,
    p.split_kind AS split_kind,
    c.cluster AS cluster,
    c.namespace AS namespace,
    c.workload_kind AS workload_kind,
    c.workload AS workload,
    CASE WHEN d.team = '__unowned__' THEN '__unowned__' ELSE c.bucket END AS bucket,
    d.team AS team,
    d.business_unit AS business_unit,
    nullif(concat_ws('; ', p.basis, d.rule_text), '') AS rule_text
  FROM {{month}}.visible_weight($scope) AS m
  JOIN {{month}}.visible_split($scope) AS p
    ON p.split_id = m.split_id
  JOIN {{month}}.visible_split_whole($scope) AS h
    ON h.split_id = m.split_id
  JOIN {{month}}.visible_consumer($scope) AS c
    ON c.consumer_id = m.consumer_id
  JOIN {{month}}.visible_consumer_day($scope) AS d
    ON d.consumer_id = m.consumer_id
    AND d.day = p.day
  WHERE $team IS NULL
    OR d.team = $team
),
divided AS (
  SELECT
    l.* REPLACE (
      portion_of(l.billed_cost, t.weight, t.mark, t.whole) AS billed_cost,
      portion_of(l.effective_cost, t.weight, t.mark, t.whole) AS effective_cost,
      portion_of(l.list_cost, t.weight, t.mark, t.whole) AS list_cost,
      portion_of(l.contracted_cost, t.weight, t.mark, t.whole) AS contracted_cost,
      portion_of(l.pricing_quantity, t.weight, t.mark, t.whole) AS pricing_quantity,
      portion_of(l.consumed_quantity, t.weight, t.mark, t.whole) AS consumed_quantity,
      portion_of(l.commitment_discount_quantity, t.weight, t.mark, t.whole) AS commitment_discount_quantity,
      portion_of(l.pricing_currency_effective_cost, t.weight, t.mark, t.whole) AS pricing_currency_effective_cost,
      t.team AS x_team,
      t.business_unit AS x_business_unit,
      t.cluster AS x_cluster,
      t.rule_text AS x_rule,
      t.bucket AS x_bucket
    ),
    concat($method, ':', t.split_kind) AS allocated_method_id,
    CASE WHEN $wholes THEN concat(
      '{"Elements":[{"AllocatedRatio":', portion_of(CAST(1 AS DECIMAL(38,18)), t.weight, t.mark, t.whole),
      ',"UsageUnit":"weight","UsageQuantity":', t.weight, '}],"x_Whole":', t.whole, '}'
    ) END AS allocated_method_details,
    CASE
      WHEN t.workload_kind = 'resource' AND t.namespace = '' THEN t.workload
      WHEN t.namespace = '' THEN NULL
      WHEN t.workload = '' THEN concat(t.cluster, '/', t.namespace)
      ELSE concat(t.cluster, '/', t.namespace, '/', t.workload_kind, '/', t.workload)
    END AS allocated_resource_id,
    CASE
      WHEN t.namespace <> '' THEN coalesce(nullif(t.workload, ''), t.namespace)
      WHEN t.workload_kind = 'resource' THEN regexp_extract(t.workload, '([^/]*)$', 1)
    END AS allocated_resource_name,
    CASE
      WHEN t.namespace <> ''
        THEN CAST(json_object('k8s-cluster', t.cluster, 'k8s-namespace', t.namespace, 'k8s-workload-kind', t.workload_kind, 'k8s-workload', t.workload) AS VARCHAR)
    END AS allocated_tags,
    t.namespace AS x_namespace,
    concat_ws('/', nullif(t.workload_kind, ''), nullif(t.workload, '')) AS x_workload
  FROM {{month}}.visible_split_line($scope) AS l
  JOIN {{month}}.visible_cluster_line($scope) AS k
    ON k.line_id = l.line_id
  JOIN taker AS t
    ON t.split_id = k.split_id
)
SELECT *
FROM {{month}}.visible_line($scope)
WHERE x_bucket <> '__split__'
  AND ($team IS NULL OR x_team = $team)
UNION ALL BY NAME
SELECT * FROM divided
UNION ALL BY NAME
SELECT
  CAST($start AS TIMESTAMP) AS billing_period_start,
  CAST($end AS TIMESTAMP) AS billing_period_end,
  CAST(s.day AS TIMESTAMP) AS charge_period_start,
  CAST(s.day + 1 AS TIMESTAMP) AS charge_period_end,
  'Adjustment' AS charge_category,
  CASE WHEN s.cluster = '' THEN 'Unused commitments passed on' ELSE concat('Redistribution in cluster ', s.cluster) END AS charge_description,
  s.currency AS billing_currency,
  s.service AS service_name,
  s.billed AS billed_cost,
  s.effective AS effective_cost,
  s.list AS list_cost,
  s.contracted AS contracted_cost,
  concat($method, ':redistribution') AS allocated_method_id,
  CASE WHEN s.namespace <> '' THEN concat(s.cluster, '/', s.namespace) END AS allocated_resource_id,
  nullif(s.namespace, '') AS allocated_resource_name,
  s.team AS x_team,
  s.business_unit AS x_business_unit,
  s.cluster AS x_cluster,
  s.namespace AS x_namespace,
  s.bucket AS x_bucket
FROM {{month}}.visible_spend($scope) AS s
WHERE s.policy = $policy
  AND ($team IS NULL OR s.team = $team)
