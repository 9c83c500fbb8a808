-- Repairs of known provider defects: a second line that names the defect in x_adjustment; the line
-- itself stays as written. Grain: one repaired line; added to line by the runner.
-- InvalidEffectiveCost: Microsoft's FOCUS writes an effective cost on purchases of commitments, which the
-- covered usage carries already. A repair moves money, not quantities.
-- Reads: line. Read by: the answers, checks and exports, as lines.
SELECT
  l.* REPLACE (
    0 AS billed_cost,
    -l.effective_cost AS effective_cost,
    CASE WHEN l.list_cost IS NOT NULL THEN 0 END AS list_cost,
    CASE WHEN l.contracted_cost IS NOT NULL THEN 0 END AS contracted_cost,
    -l.pricing_currency_effective_cost AS pricing_currency_effective_cost,
    CASE WHEN l.pricing_quantity IS NOT NULL THEN 0 END AS pricing_quantity,
    CASE WHEN l.consumed_quantity IS NOT NULL THEN 0 END AS consumed_quantity,
    CASE WHEN l.commitment_discount_quantity IS NOT NULL THEN 0 END AS commitment_discount_quantity,
    'InvalidEffectiveCost' AS x_adjustment
  )
FROM line AS l
WHERE l.x_adjustment IS NULL
  AND l.x_dataset = 'FocusCost'
  AND l.provider_name = 'Microsoft'
  AND l.charge_category = 'Purchase'
  AND l.commitment_discount_id IS NOT NULL
  AND l.effective_cost <> 0
