-- What a person would write by hand for the same month: one query of the same joins, in DOUBLE, its answer
-- kept. Grain of the answer: day, currency, team, cluster, namespace, workload, bucket, service, environment,
-- resource, with the four measures and the number of lines, over all lines of the bill.
-- Slots: {{line}}, {{usage_hour}}, {{node_hour}}, {{pod_day}} (files).
-- It has the owner of every line and of every workload, use scaled to what a node can give, system reserve, idle and
-- days without usage: every line × consumer that the build has. It does without exactness, checks, explanations
-- (lines, weights and rules are not kept), redistribution, requested against used, and whatever this month
-- has no example of (volumes, balancers, commitments, restatements, other currencies).
WITH
hour AS (
  SELECT
    node AS node,
    hour AS hour,
    CAST(make_timestamp(hour * 1000000) AS DATE) AS day,
    covered_s AS covered_s,
    cpu_allocatable * covered_s AS cpu_limit,
    mem_allocatable * covered_s AS mem_limit,
    cpu_capacity * 1000.0 + mem_capacity / 1024.0 * 113636.0 AS value,
    (cpu_capacity - cpu_allocatable) * 1000.0 + (mem_capacity - mem_allocatable) / 1024.0 * 113636.0 AS reserved
  FROM read_parquet({{node_hour}})
  WHERE NOT virtual
),
load AS (
  SELECT
    node AS node,
    hour AS hour,
    sum(cpu_effective) AS cpu,
    sum(mem_effective) AS mem
  FROM read_parquet({{usage_hour}})
  GROUP BY
    node,
    hour
),
pod AS (
  SELECT
    u.node AS node,
    h.day AS day,
    u.namespace AS namespace,
    u.pod_uid AS pod_uid,
    sum(u.cpu_effective * least(1.0, h.cpu_limit / l.cpu) + u.mem_effective * least(1.0, h.mem_limit / l.mem) / 1024.0 * 113.636) AS weight
  FROM read_parquet({{usage_hour}}) AS u
  JOIN hour AS h
    ON h.node = u.node
    AND h.hour = u.hour
  JOIN load AS l
    ON l.node = u.node
    AND l.hour = u.hour
  GROUP BY
    u.node,
    h.day,
    u.namespace,
    u.pod_uid
),
used AS (
  SELECT
    p.node AS node,
    p.day AS day,
    p.namespace AS namespace,
    d.workload_kind AS workload_kind,
    d.workload AS workload,
    'direct' AS bucket,
    sum(p.weight) * 1000.0 AS weight
  FROM pod AS p
  LEFT JOIN read_parquet({{pod_day}}) AS d
    ON d.pod_uid = p.pod_uid
    AND CAST(d.day AS DATE) = p.day
  GROUP BY ALL
),
node_day AS (
  SELECT
    node AS node,
    day AS day,
    sum(covered_s * value) * 1000.0 AS whole,
    sum(covered_s * reserved) * 1000.0 AS reserved
  FROM hour
  GROUP BY
    node,
    day
),
weight AS (
  SELECT u.*, u.weight / n.whole AS part FROM used AS u JOIN node_day AS n ON n.node = u.node AND n.day = u.day
  UNION ALL
  SELECT node, day, '', '', '', '__system__', reserved, reserved / whole FROM node_day
  UNION ALL
  SELECT n.node, n.day, '', '', '', '__idle__', n.whole - n.reserved - u.weight, (n.whole - n.reserved - u.weight) / n.whole
  FROM node_day AS n
  JOIN (SELECT node AS node, day AS day, sum(weight) AS weight FROM used GROUP BY node, day) AS u
    ON u.node = n.node
    AND u.day = n.day
),
line AS (
  SELECT
    x_day AS day,
    billing_currency AS currency,
    service_name AS service,
    lower(resource_id) AS resource,
    CASE
      WHEN contains(lower(resource_id), '/resourcegroups/mc_rg_prod_westeurope/')
        THEN lower(resource_id) || '/virtualmachines/' || regexp_extract(x_sku_details, '_(\d+)"', 1)
    END AS node,
    CASE
      WHEN contains(lower(resource_id), '/resourcegroups/mc_rg_prod_westeurope/') THEN NULL
      WHEN CAST(substr(json_extract_string(tags, '$.team'), 2) AS INTEGER) < 40 THEN json_extract_string(tags, '$.team')
      WHEN contains(lower(resource_id), '/resourcegroups/rg-1') THEN 't0'
      ELSE '__unowned__'
    END AS team,
    coalesce(json_extract_string(tags, '$.env'), '') AS environment,
    CAST(billed_cost AS DOUBLE) AS billed,
    CAST(effective_cost AS DOUBLE) AS effective,
    CAST(list_cost AS DOUBLE) AS list,
    CAST(contracted_cost AS DOUBLE) AS contracted
  FROM read_parquet({{line}})
)
SELECT
  l.day AS day,
  l.currency AS currency,
  CASE
    WHEN w.namespace = '' THEN w.bucket
    WHEN CAST(regexp_extract(w.namespace, '^ns-(\d+)$', 1) AS INTEGER) < 40 THEN 't' || regexp_extract(w.namespace, '^ns-(\d+)$', 1)
    WHEN CAST(regexp_extract(w.namespace, '^ns-(\d+)$', 1) AS INTEGER) < 400 THEN 't' || substr(w.namespace, 4, length(w.namespace) - 4)
    ELSE '__unowned__'
  END AS team,
  'prod' AS cluster,
  w.namespace AS namespace,
  w.workload_kind AS workload_kind,
  w.workload AS workload,
  w.bucket AS bucket,
  l.service AS service,
  'production' AS environment,
  l.resource AS resource,
  sum(l.billed * w.part) AS billed,
  sum(l.effective * w.part) AS effective,
  sum(l.list * w.part) AS list,
  sum(l.contracted * w.part) AS contracted,
  count(*) AS lines
FROM line AS l
JOIN weight AS w
  ON w.node = l.node
  AND w.day = l.day
WHERE l.node IS NOT NULL
GROUP BY ALL
UNION ALL
SELECT
  day,
  currency,
  team,
  '',
  '',
  '',
  '',
  CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE 'direct' END,
  service,
  environment,
  resource,
  sum(billed),
  sum(effective),
  sum(list),
  sum(contracted),
  count(*)
FROM line
WHERE node IS NULL
GROUP BY ALL
