-- Repairs of known provider defects: a second line that names the defect in x_adjustment; the line
-- itself stays as written. Grain: one repaired line; added to line_fact by the runner.
-- InvalidEffectiveCost: Microsoft's FOCUS writes an effective cost on purchases of commitments, which the
-- covered usage carries already. A repair moves money, not quantities.
-- Reads: line_fact, line_word (with the words of repairs). Read by: line.
SELECT
  f.* REPLACE (
    w.word_no AS word_no,
    0 AS billed_cost,
    -f.effective_cost AS effective_cost,
    CASE WHEN f.list_cost IS NOT NULL THEN 0 END AS list_cost,
    CASE WHEN f.contracted_cost IS NOT NULL THEN 0 END AS contracted_cost,
    -f.pricing_currency_effective_cost AS pricing_currency_effective_cost,
    CASE WHEN f.pricing_quantity IS NOT NULL THEN 0 END AS pricing_quantity,
    CASE WHEN f.consumed_quantity IS NOT NULL THEN 0 END AS consumed_quantity,
    CASE WHEN f.commitment_discount_quantity IS NOT NULL THEN 0 END AS commitment_discount_quantity
  )
FROM line_fact AS f
JOIN line_word AS w
  ON w.word_no = -f.word_no
WHERE f.effective_cost <> 0
