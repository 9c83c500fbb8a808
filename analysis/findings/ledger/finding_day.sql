-- What findings' things cost by day, open ones over the last 60 days and resolved ones since before they
-- were. Grain: finding, day. Reads: finding_account, resource_day, month_allocation, bill, span.
-- Read by: the ledger, GET findings/{id}.
WITH
paid AS (
  SELECT
    a.finding AS finding,
    d.day AS day,
    d.cost AS cost
  FROM finding_account AS a
  JOIN resource_day AS d
    ON d.resource = a.account
    AND d.currency = a.currency
  UNION ALL
  SELECT
    a.finding,
    m.day,
    m.effective
  FROM finding_account AS a
  JOIN month_allocation AS m
    ON m.cluster = a.cluster
    AND m.namespace = a.namespace
    AND m.workload_kind = a.workload_kind
    AND m.workload = a.workload
    AND m.currency = a.currency
    AND m.paid_for = 'compute'
  UNION ALL
  SELECT
    a.finding,
    b.x_day,
    b.effective_cost
  FROM finding_account AS a
  JOIN bill AS b
    ON a.account = 'commitment:' || lower(trim(b.commitment_discount_id))
    AND b.x_match = 'commitment-waste'
    AND b.billing_currency = a.currency
)
SELECT
  p.finding AS finding,
  p.day AS day,
  coalesce(sum(p.cost), 0) AS cost
FROM paid AS p
CROSS JOIN span AS s
WHERE p.day > s.until - 60
  AND p.day <= s.until
GROUP BY
  p.finding,
  p.day
