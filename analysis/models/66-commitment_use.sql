-- Whom a commitment covered, for commitments that were not used up. Grain: commitment, currency, owner.
-- Reads: line, cluster_line, split_whole, weight, consumer_day, policy. Read by: moved_commitment.
-- Base: effective cost of the lines it covered in the month, before redistribution; of a split's lines
-- together each owner's share. Sentinels neither count nor receive. Weight: base ÷ all bases x 10^12,
-- rounded down, from bases cut to 12 digits; mark: the weights up to and with it, in byte order of owners.
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
    l.effective_cost AS effective
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
    sum(c.effective) AS effective
  FROM covered AS c
  JOIN cluster_line AS k
    ON k.line_id = c.line_id
  GROUP BY ALL
),
parts AS (
  SELECT
    commitment AS commitment,
    currency AS currency,
    team AS team,
    business_unit AS business_unit,
    cost_center AS cost_center,
    effective AS effective
  FROM covered
  WHERE bucket = 'direct'
  UNION ALL
  SELECT
    d.commitment,
    d.currency,
    o.team,
    o.business_unit,
    o.cost_center,
    amount_of(share_of(times_in(d.effective, h.whole), rest_in(d.effective, h.whole), w.weight, w.mark, h.whole))
  FROM divided AS d
  JOIN split_whole AS h
    ON h.split_id = d.split_id
  JOIN weight AS w
    ON w.split_id = d.split_id
  JOIN consumer_day AS o
    ON o.consumer_id = w.consumer_id
    AND o.day = d.day
  WHERE NOT starts_with(o.team, '__')
),
based AS (
  SELECT
    commitment AS commitment,
    currency AS currency,
    team AS team,
    business_unit AS business_unit,
    cost_center AS cost_center,
    sum(effective) AS base,
    int_div(units_of(sum(effective)), 1000000) AS part
  FROM parts
  GROUP BY ALL
  HAVING sum(effective) > 0
),
scaled AS (
  SELECT
    b.*,
    CAST(int_div(b.part * 1000000000000, CAST(sum(b.part) OVER (PARTITION BY b.commitment, b.currency) AS HUGEINT)) AS BIGINT) AS weight
  FROM based AS b
  WHERE b.part > 0
)
SELECT
  commitment AS commitment,
  currency AS currency,
  team AS team,
  business_unit AS business_unit,
  cost_center AS cost_center,
  base AS base,
  weight AS weight,
  CAST(sum(weight) OVER (PARTITION BY commitment, currency ORDER BY encode(team), encode(business_unit), encode(cost_center) ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT) AS mark,
  CAST(sum(weight) OVER (PARTITION BY commitment, currency) AS BIGINT) AS whole
FROM scaled
WHERE weight > 0
