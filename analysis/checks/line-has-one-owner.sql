-- Every line has exactly one kind and one owner or sentinel: as many lines as were imported (less the
-- actual half's usage rows, plus repairs), none without owner, and no two ownership keys share a hash.
WITH
expected AS (
  SELECT count(*) AS lines
  FROM month_line AS m
  WHERE NOT (m.x_dataset = 'ActualCost' AND m.paired AND NOT (coalesce(m.x_charge_type, '') IN ('Purchase', 'Refund') AND coalesce(m.x_pricing_model, '') IN ('Reservation', 'SavingsPlan')))
),
stored AS (
  SELECT
    count(*) FILTER (x_adjustment IS NULL) AS lines,
    count(*) FILTER (x_team IS NULL OR x_match IS NULL OR x_bucket IS NULL) AS without
  FROM line
),
keys AS (
  SELECT count(*) - count(DISTINCT owner_hash) AS shared FROM owner_key
)
SELECT
  CAST(NULL AS VARCHAR) AS currency,
  e.lines = s.lines AND s.without = 0 AND k.shared = 0 AS ok,
  concat(e.lines, ' lines imported, ', s.lines, ' with an owner, ', s.without, ' without, ', k.shared, ' ownership keys mixed up') AS detail
FROM expected AS e, stored AS s, keys AS k
