-- Who bought a commitment, as far as the month's bill tells. Grain: commitment, day of an unused line.
-- Reads: line, owner. Read by: moved_commitment.
-- The rules' answer for the unused line itself, since what it carries (scope, tags, resource) is the
-- commitment's; else the owner of the month's purchases of it.
WITH
purchase AS (
  SELECT
    lower(commitment_discount_id) AS commitment,
    arg_min(x_team, x_day) AS team,
    arg_min(x_rule, x_day) AS rule_text
  FROM line
  WHERE x_match = 'commitment-purchase'
    AND commitment_discount_id IS NOT NULL
    AND x_bucket = 'direct'
  GROUP BY
    lower(commitment_discount_id)
),
unused AS (
  SELECT
    lower(coalesce(l.commitment_discount_id, l.resource_id, l.charge_description, '')) AS commitment,
    l.x_day AS day,
    arg_min(o.team, o.rule_order) AS team,
    arg_min(o.rule_text, o.rule_order) AS rule_text
  FROM line AS l
  LEFT JOIN owner AS o
    ON o.owner_hash = l.owner_hash
    AND o.day_from <= l.x_day
    AND l.x_day < o.day_until
  WHERE l.x_bucket = '__commitment_unused__'
  GROUP BY
    1,
    2
)
SELECT
  u.commitment AS commitment,
  u.day AS day,
  coalesce(u.team, p.team) AS team,
  CASE WHEN u.team IS NOT NULL THEN u.rule_text ELSE p.rule_text END AS rule_text
FROM unused AS u
LEFT JOIN purchase AS p
  ON p.commitment = u.commitment
