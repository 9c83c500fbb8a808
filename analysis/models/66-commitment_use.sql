-- Whom a commitment covered, for commitments that were not used up. Grain: commitment, currency, owner.
-- Reads: line, cluster_line, split, weight, consumer_day, policy. Read by: moved_commitment.
-- Base: effective cost of the lines it covered in the month, before redistribution, in units of 1e-12;
-- of a divided line each owner's part by weight. Sentinels neither count nor receive.
WITH
unused AS (
  SELECT DISTINCT
    lower(coalesce(commitment_discount_id, resource_id, charge_description, '')) AS commitment
  FROM line
  WHERE x_bucket = '__commitment_unused__'
    AND EXISTS (SELECT 1 FROM policy WHERE bucket = '__commitment_unused__' AND mode = 'covered')
),
covered AS (
  SELECT
    u.commitment AS commitment,
    l.line_id AS line_id,
    l.x_bucket AS bucket,
    l.billing_currency AS currency,
    l.x_team AS team,
    l.x_business_unit AS business_unit,
    l.x_owner_cost_center AS cost_center,
    int_div(units_of(l.effective_cost), 1000000) AS units
  FROM line AS l
  JOIN unused AS u
    ON u.commitment = lower(l.commitment_discount_id)
  WHERE l.commitment_discount_status = 'Used'
    AND l.effective_cost IS NOT NULL
),
divided AS (
  SELECT
    c.commitment AS commitment,
    c.currency AS currency,
    hash(k.split_kind, k.cluster, k.split_key, k.day) AS split_id,
    k.day AS day,
    sum(c.units) AS units
  FROM covered AS c
  JOIN cluster_line AS k
    ON k.line_id = c.line_id
  GROUP BY ALL
),
whole AS (
  SELECT
    w.split_id AS split_id,
    CAST(sum(w.weight) AS HUGEINT) AS whole
  FROM weight AS w
  WHERE w.split_id IN (SELECT split_id FROM divided)
  GROUP BY
    w.split_id
),
parts AS (
  SELECT
    commitment AS commitment,
    currency AS currency,
    team AS team,
    business_unit AS business_unit,
    cost_center AS cost_center,
    units AS units
  FROM covered
  WHERE bucket = 'direct'
  UNION ALL
  SELECT
    d.commitment,
    d.currency,
    o.team,
    o.business_unit,
    o.cost_center,
    int_div(d.units * w.weight, h.whole)
  FROM divided AS d
  JOIN whole AS h
    ON h.split_id = d.split_id
  JOIN weight AS w
    ON w.split_id = d.split_id
  JOIN consumer_day AS o
    ON o.consumer_id = w.consumer_id
    AND o.day = d.day
  WHERE NOT starts_with(o.team, '__')
)
SELECT
  commitment AS commitment,
  currency AS currency,
  team AS team,
  business_unit AS business_unit,
  cost_center AS cost_center,
  sum(units) AS base
FROM parts
GROUP BY ALL
HAVING sum(units) > 0
