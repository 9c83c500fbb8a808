-- What lines are and whose, kept once for all lines alike. Grain: one distinct combination, by own_no.
-- Reads: owned. Read by: line_fact, line. That no two share a hash is checked (line-has-one-owner).
SELECT
  CAST(row_number() OVER (ORDER BY own_hash) AS INTEGER) AS own_no,
  own_hash AS own_hash,
  x_match AS x_match,
  x_team AS x_team,
  x_rule AS x_rule,
  x_bucket AS x_bucket,
  x_business_unit AS x_business_unit,
  x_owner_cost_center AS x_owner_cost_center
FROM (
  SELECT DISTINCT
    own_hash AS own_hash,
    x_match AS x_match,
    x_team AS x_team,
    x_rule AS x_rule,
    x_bucket AS x_bucket,
    x_business_unit AS x_business_unit,
    x_owner_cost_center AS x_owner_cost_center
  FROM owned
)
