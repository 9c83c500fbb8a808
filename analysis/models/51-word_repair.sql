-- Words of the lines that line_repair adds: those of the line itself, with the defect's name.
-- Grain: one combination; added to line_word by the runner. Reads: line_word. Read by: line_repair.
SELECT
  w.* REPLACE (
    -w.word_no AS word_no,
    hash(w.word_hash, 'InvalidEffectiveCost') AS word_hash,
    'InvalidEffectiveCost' AS x_adjustment
  )
FROM line_word AS w
WHERE w.x_dataset = 'FocusCost'
  AND w.provider_name = 'Microsoft'
  AND w.charge_category = 'Purchase'
  AND w.is_of_commitment
