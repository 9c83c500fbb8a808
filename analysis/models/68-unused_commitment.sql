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
  CAST(max(base) AS DECIMAL(38,18)) AS base,
  max(weight) FILTER (mode = 'covered') AS weight,
  max(whole) FILTER (mode = 'covered') AS whole,
  CAST(sum(billed) AS DECIMAL(38,18)) AS billed,
  CAST(sum(effective) AS DECIMAL(38,18)) AS effective,
  CAST(sum(list) AS DECIMAL(38,18)) AS list,
  CAST(sum(contracted) AS DECIMAL(38,18)) AS contracted
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
