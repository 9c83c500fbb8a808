-- Every line has exactly one kind and one owner or sentinel: as many lines as were imported (less the
-- actual half's usage rows, plus repairs), none without owner, and no two keys of what is kept once for many
-- lines share a hash.
WITH
expected AS (
  SELECT count(*) AS lines
  FROM month_line AS m
  WHERE NOT (m.x_dataset = 'ActualCost' AND m.paired AND NOT (coalesce(m.x_charge_type, '') IN ('Purchase', 'Refund') AND coalesce(m.x_pricing_model, '') IN ('Reservation', 'SavingsPlan')))
),
stored AS (
  SELECT
    count(*) FILTER (x_adjustment IS NULL) AS lines,
    count(*) FILTER (x_match IS NULL OR x_bucket IS NULL OR (x_team IS NULL) <> (x_bucket = '__split__')) AS without
  FROM line
),
-- A divided line stands once among a cluster's lines, and its split weighs something.
divided AS (
  SELECT
    count(*) FILTER (s.split_id IS NULL) AS without
  FROM line AS l
  LEFT JOIN cluster_line AS c
    ON c.line_id = l.line_id
  LEFT JOIN (SELECT DISTINCT split_id AS split_id FROM weight) AS s
    ON s.split_id = hash(c.split_kind, c.cluster, c.split_key, c.day)
  WHERE l.x_bucket = '__split__'
),
keys AS (
  SELECT
    (SELECT count(*) - count(DISTINCT owner_hash) FROM owner_key)
      + (SELECT count(*) - count(DISTINCT word_hash) FROM line_word)
      + (SELECT count(*) - count(DISTINCT own_hash) FROM line_owner) AS shared
)
SELECT
  CAST(NULL AS VARCHAR) AS currency,
  e.lines = s.lines AND s.without = 0 AND d.without = 0 AND k.shared = 0 AS ok,
  concat(e.lines, ' lines imported, ', s.lines, ' with an owner, ', s.without + d.without, ' without, ', k.shared, ' keys mixed up') AS detail
FROM expected AS e, stored AS s, keys AS k, divided AS d
