-- What a node pool really cost over the window, after commitments. Grain: cluster, pool, currency.
-- Reads: bill, bill_cluster_line, pool_day, span. Read by: the ledger.
-- `cost` and `value` are of the same nodes and days: those whose pool and size are known by usage. What a node
-- cost while nobody measured it bought what cannot be counted, and would make a core dearer than it was.
-- `hourly` is compute time paid by the hour, `hourly_s` its seconds; covered time saves nothing. Traffic
-- does not end with a node and is left out.
WITH
pools AS (
  SELECT
    cluster AS cluster,
    scale_set AS scale_set,
    max(pool) AS pool
  FROM pool_day
  WHERE scale_set <> ''
    AND pool <> ''
  GROUP BY
    cluster,
    scale_set
),
paid AS (
  SELECT
    c.cluster AS cluster,
    coalesce(nullif(d.pool, ''), p.pool, nullif(regexp_extract(c.split_key, '^pool:(.+)$', 1), '')) AS pool,
    b.billing_currency AS currency,
    c.day AS day,
    CASE WHEN c.kind = 'node' AND c.node IS NOT NULL THEN coalesce(d.pool, '') <> '' ELSE true END AS is_known,
    b.effective_cost AS cost,
    CASE WHEN c.billed_s > 0 AND b.commitment_discount_status IS DISTINCT FROM 'Used' THEN b.effective_cost END AS hourly,
    CASE WHEN b.commitment_discount_status IS DISTINCT FROM 'Used' THEN c.billed_s ELSE 0 END AS hourly_s
  FROM bill_cluster_line AS c
  JOIN bill AS b
    ON b.month = c.month
    AND b.line_id = c.line_id
  CROSS JOIN span AS s
  LEFT JOIN pool_day AS d
    ON d.cluster = c.cluster
    AND d.node = c.node
    AND d.day = c.day
  LEFT JOIN pools AS p
    ON p.cluster = c.cluster
    AND p.scale_set = coalesce(nullif(regexp_extract(c.node, '/virtualmachinescalesets/([^/]+)/', 1), ''), c.split_key)
  WHERE c.kind IN ('node', 'os-disk')
    AND c.day BETWEEN s.window_from AND s.until
    AND lower(coalesce(nullif(b.x_sku_meter_category, ''), b.service_name)) <> 'bandwidth'
),
valued AS (
  SELECT
    cluster AS cluster,
    pool AS pool,
    day AS day,
    sum(value) AS value
  FROM pool_day
  GROUP BY
    cluster,
    pool,
    day
),
worth AS (
  SELECT
    cluster AS cluster,
    pool AS pool,
    sum(value) AS value
  FROM valued
  GROUP BY
    cluster,
    pool
)
SELECT
  p.cluster AS cluster,
  p.pool AS pool,
  p.currency AS currency,
  CAST(units_of(coalesce(sum(CASE WHEN p.is_known AND v.value > 0 THEN p.cost END), 0)) AS VARCHAR) AS cost,
  CAST(units_of(coalesce(sum(p.hourly), 0)) AS VARCHAR) AS hourly,
  CAST(sum(p.hourly_s) AS VARCHAR) AS hourly_s,
  CAST(count(DISTINCT p.day) * 86400 AS VARCHAR) AS seconds,
  CAST(max(w.value) AS VARCHAR) AS value
FROM paid AS p
JOIN worth AS w
  ON w.cluster = p.cluster
  AND w.pool = p.pool
LEFT JOIN valued AS v
  ON v.cluster = p.cluster
  AND v.pool = p.pool
  AND v.day = p.day
WHERE p.pool IS NOT NULL
GROUP BY
  p.cluster,
  p.pool,
  p.currency
