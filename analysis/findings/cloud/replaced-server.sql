-- Servers that were replaced and still run beside their successor. Reads: resource, resource_day, span.
-- Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- A successor is named by the tag replaced-by, or has the same name but for its generation (-old, -new, v2,
-- 2019, a number) and took the traffic over: what the older sends fell to a tenth or less once the newer
-- began, and the newer sends at least half of what the older did.
WITH
servers AS (
  SELECT
    r.*,
    regexp_replace(r.name, '[-_.]?(old|new|legacy|blue|green|w2k\d+|v?\d+)$', '') AS stem
  FROM resource AS r
  CROSS JOIN span AS s
  WHERE r.type = 'microsoft.compute/virtualmachines'
    AND r.cluster IS NULL
    AND r.last_compute >= s.until - 2
    AND r.cost > 0
),
pairs AS (
  SELECT
    o.resource AS resource,
    o.name AS name,
    o.currency AS currency,
    n.resource AS successor,
    n.name AS successor_name,
    n.first_compute AS since,
    o.replaced_by = n.name AS is_tagged
  FROM servers AS o
  CROSS JOIN span AS s
  JOIN servers AS n
    ON n.subscription = o.subscription
    AND n.currency = o.currency
    AND n.resource <> o.resource
    AND n.first_compute > o.first_compute
    AND n.first_compute BETWEEN s.seen_from + 14 AND s.until - 14
    AND (o.replaced_by = n.name OR (n.stem = o.stem AND length(o.stem) > 2))
),
traffic AS (
  SELECT
    p.resource AS resource,
    p.successor AS successor,
    coalesce(sum(CASE WHEN d.resource = p.resource AND d.day BETWEEN p.since - 14 AND p.since - 1 THEN d.sent END), 0) AS sent_before,
    coalesce(sum(CASE WHEN d.resource = p.resource AND d.day > s.until - 14 THEN d.sent END), 0) AS sent_now,
    coalesce(sum(CASE WHEN d.resource = p.successor AND d.day > s.until - 14 THEN d.sent END), 0) AS successor_sends
  FROM pairs AS p
  CROSS JOIN span AS s
  JOIN resource_day AS d
    ON d.resource IN (p.resource, p.successor)
    AND d.currency = p.currency
  GROUP BY
    p.resource,
    p.successor
)
SELECT
  p.resource AS subject,
  CAST(NULL AS VARCHAR) AS cluster,
  CAST(NULL AS VARCHAR) AS namespace,
  p.name AS name,
  [p.resource] AS accounts,
  p.currency AS currency,
  min(p.since) AS since,
  false AS since_at_least,
  CASE WHEN bool_or(p.is_tagged) THEN 'high' ELSE 'medium' END AS confidence,
  [
    {'fact': 'successor', 'value': arg_min(p.successor_name, p.successor)},
    {'fact': 'both billed since', 'value': CAST(min(p.since) AS VARCHAR)},
    {'fact': 'traffic sent, 14 days before', 'value': CAST(arg_min(t.sent_before, p.successor) AS VARCHAR)},
    {'fact': 'traffic sent, last 14 days', 'value': CAST(arg_min(t.sent_now, p.successor) AS VARCHAR)},
    {'fact': 'traffic of the successor, last 14 days', 'value': CAST(arg_min(t.successor_sends, p.successor) AS VARCHAR)}
  ] AS evidence
FROM pairs AS p
LEFT JOIN traffic AS t
  ON t.resource = p.resource
  AND t.successor = p.successor
WHERE p.is_tagged
  OR (
    t.sent_before > 0
    AND t.sent_now * 10 <= t.sent_before
    AND t.successor_sends * 2 >= t.sent_before
  )
GROUP BY
  p.resource,
  p.name,
  p.currency
