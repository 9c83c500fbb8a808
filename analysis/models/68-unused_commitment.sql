-- Who takes what was not used of a commitment, and why. Grain: policy, commitment, currency, receiver.
-- Reads: moved_commitment. Read by: explain.
-- covered: base is the effective cost it covered for the receiver; weight of whole is the part taken.
SELECT
  policy AS policy,
  mode AS mode,
  commitment AS commitment,
  currency AS currency,
  team AS team,
  business_unit AS business_unit,
  cost_center AS cost_center,
  max(rule_text) AS rule,
  amount_of(max(base) * 1000000) AS base,
  CAST(max(weight) AS BIGINT) AS weight,
  CAST(max(whole) AS BIGINT) AS whole,
  amount_of(sum(billed)) AS billed,
  amount_of(sum(effective)) AS effective,
  amount_of(sum(list)) AS list,
  amount_of(sum(contracted)) AS contracted
FROM moved_commitment
WHERE bucket = 'shared'
GROUP BY
  policy,
  mode,
  commitment,
  currency,
  team,
  business_unit,
  cost_center
