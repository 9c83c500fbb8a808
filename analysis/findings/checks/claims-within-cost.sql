-- Accounts of which more is claimed than they cost, and findings that are not their claims. Grain: account or
-- finding. Reads: finding, finding_claim, workload_cost, resource, commitment, bill, span. Read by: the checks on
-- findings. Costs are read anew, not from the ledger; all claims of a currency are within its whole bill.
WITH
costs AS (
  SELECT
    concat('compute:', cluster, '/', namespace, '/', workload_kind, '/', workload) AS account,
    currency AS currency,
    compute AS cost
  FROM workload_cost
  UNION ALL
  SELECT
    resource,
    currency,
    cost
  FROM resource
  UNION ALL
  SELECT
    'commitment:' || commitment,
    currency,
    unused
  FROM commitment
),
claimed AS (
  SELECT
    account AS account,
    currency AS currency,
    sum(paper) AS paper
  FROM finding_claim
  WHERE account IS NOT NULL
  GROUP BY
    account,
    currency
),
own AS (
  SELECT
    finding AS finding,
    sum(paper) AS paper
  FROM finding_claim
  GROUP BY
    finding
),
billed AS (
  SELECT
    b.billing_currency AS currency,
    sum(greatest(b.effective_cost, 0)) AS cost
  FROM bill AS b
  CROSS JOIN span AS s
  WHERE b.x_day BETWEEN s.window_from AND s.until
  GROUP BY
    b.billing_currency
)
SELECT
  c.account AS finding,
  concat(c.paper, ' claimed of ', coalesce(CAST(k.cost AS VARCHAR), 'nothing'), ' ', c.currency) AS problem
FROM claimed AS c
LEFT JOIN costs AS k
  ON k.account = c.account
  AND k.currency = c.currency
WHERE c.paper > greatest(coalesce(k.cost, 0), 0)
UNION ALL
SELECT
  f.id,
  concat('paper ', f.paper, ' is not the sum of its claims, ', o.paper)
FROM finding AS f
JOIN own AS o
  ON o.finding = f.id
WHERE f.paper <> o.paper
UNION ALL
SELECT
  'all of ' || f.currency,
  concat(sum(f.paper), ' claimed of a bill of ', coalesce(CAST(max(b.cost) AS VARCHAR), 'nothing'))
FROM finding AS f
LEFT JOIN billed AS b
  ON b.currency = f.currency
WHERE f.resolved_on IS NULL
GROUP BY
  f.currency
HAVING sum(f.paper) > coalesce(max(b.cost), 0)
