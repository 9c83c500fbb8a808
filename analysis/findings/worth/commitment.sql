-- What was used and not used of each commitment in the window. Grain: commitment, currency.
-- Reads: bill, span. Read by: unused-commitment, the ledger.
-- Its owner is who bought it, by the rules; else who uses most of it.
WITH
lines AS (
  SELECT
    lower(trim(b.commitment_discount_id)) AS commitment,
    b.commitment_discount_name AS name,
    b.billing_currency AS currency,
    b.x_day AS day,
    b.x_match AS kind,
    b.x_team AS team,
    b.commitment_discount_status AS status,
    b.effective_cost AS cost,
    b.x_day >= s.window_from AS in_window
  FROM bill AS b
  CROSS JOIN span AS s
  WHERE coalesce(b.commitment_discount_id, '') <> ''
    AND b.x_day <= s.until
),
users AS (
  SELECT
    commitment AS commitment,
    currency AS currency,
    team AS team,
    sum(cost) AS cost
  FROM lines
  WHERE in_window
    AND status = 'Used'
    AND NOT starts_with(coalesce(team, '__'), '__')
  GROUP BY
    commitment,
    currency,
    team
),
most AS (
  SELECT
    commitment AS commitment,
    currency AS currency,
    arg_max(team, cost) AS team,
    string_agg(team, ', ' ORDER BY cost DESC, team) AS users
  FROM users
  GROUP BY
    commitment,
    currency
)
SELECT
  l.commitment AS commitment,
  l.currency AS currency,
  coalesce(max(nullif(l.name, '')), regexp_extract(l.commitment, '([^/]+)/?$', 1)) AS name,
  coalesce(sum(CASE WHEN l.in_window AND l.kind = 'commitment-waste' THEN l.cost END), 0) AS unused,
  coalesce(sum(CASE WHEN l.in_window AND l.status = 'Used' THEN l.cost END), 0) AS used,
  count(DISTINCT CASE WHEN l.in_window AND l.kind = 'commitment-waste' AND l.cost > 0 THEN l.day END) AS days,
  min(CASE WHEN l.kind = 'commitment-waste' AND l.cost > 0 THEN l.day END) AS since,
  coalesce(
    arg_max(l.team, l.day) FILTER (WHERE l.kind = 'commitment-purchase' AND NOT starts_with(l.team, '__')),
    max(m.team)
  ) AS team,
  max(m.users) AS users
FROM lines AS l
LEFT JOIN most AS m
  ON m.commitment = l.commitment
  AND m.currency = l.currency
GROUP BY
  l.commitment,
  l.currency
