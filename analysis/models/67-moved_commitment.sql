-- What policies do with unused commitments, as pairs that cancel. Grain: policy, day, currency, commitment,
-- giver or receiver, environment, service, with what the receiver's part was worked out from.
-- Reads: line, policy, commitment_owner, commitment_use, team_version. Read by: moved, unused_commitment.
-- covered: in proportion to what the commitment covered in the month; buyer: whom the rules give the
-- commitment; team: the one that is named. Without any of them it stays where it is.
WITH
unused AS (
  SELECT
    lower(coalesce(l.commitment_discount_id, l.resource_id, l.charge_description, '')) AS commitment,
    l.x_day AS day,
    l.billing_currency AS currency,
    l.x_environment AS environment,
    l.service AS service,
    coalesce(sum(l.billed_cost), 0) AS billed,
    coalesce(sum(l.effective_cost), 0) AS effective,
    coalesce(sum(l.list_cost), 0) AS list,
    coalesce(sum(l.contracted_cost), 0) AS contracted
  FROM line AS l
  WHERE l.x_bucket = '__commitment_unused__'
  GROUP BY ALL
),
modes AS (
  SELECT policy AS policy, mode AS mode, team AS team
  FROM policy
  WHERE bucket = '__commitment_unused__'
    AND mode <> 'keep'
),
given AS (
  SELECT
    m.policy AS policy,
    m.mode AS mode,
    u.*,
    r.team AS to_team,
    r.business_unit AS to_business_unit,
    r.cost_center AS to_cost_center,
    CAST(NULL AS VARCHAR) AS rule_text,
    r.base AS base,
    r.weight AS weight,
    r.mark AS mark,
    r.whole AS whole
  FROM unused AS u
  JOIN modes AS m
    ON m.mode = 'covered'
  JOIN commitment_use AS r
    ON r.commitment = u.commitment
    AND r.currency = u.currency
  UNION ALL
  SELECT
    m.policy,
    m.mode,
    u.*,
    t.team,
    t.business_unit,
    t.cost_center,
    CASE WHEN m.mode = 'buyer' THEN o.rule_text END,
    NULL,
    CAST(1 AS BIGINT),
    CAST(1 AS BIGINT),
    CAST(1 AS BIGINT)
  FROM unused AS u
  JOIN modes AS m
    ON m.mode IN ('buyer', 'team')
  LEFT JOIN commitment_owner AS o
    ON o.commitment = u.commitment
    AND o.day = u.day
  JOIN team_version AS t
    ON t.team = CASE WHEN m.mode = 'team' THEN m.team ELSE o.team END
    AND t.day_from <= u.day
    AND u.day < t.day_until
),
received AS (
  SELECT
    policy AS policy, mode AS mode, commitment AS commitment, day AS day, currency AS currency,
    environment AS environment, service AS service,
    to_team AS team, to_business_unit AS business_unit, to_cost_center AS cost_center,
    'shared' AS bucket, rule_text AS rule_text, base AS base, weight AS weight, whole AS whole,
    amount_of(share_of(times_in(billed, whole), rest_in(billed, whole), weight, mark, whole)) AS billed,
    amount_of(share_of(times_in(effective, whole), rest_in(effective, whole), weight, mark, whole)) AS effective,
    amount_of(share_of(times_in(list, whole), rest_in(list, whole), weight, mark, whole)) AS list,
    amount_of(share_of(times_in(contracted, whole), rest_in(contracted, whole), weight, mark, whole)) AS contracted
  FROM given
)
SELECT * FROM received
UNION ALL
SELECT DISTINCT
  policy, mode, commitment, day, currency, environment, service,
  '__commitment_unused__', '', '', '__commitment_unused__', NULL, NULL, NULL, NULL,
  -billed, -effective, -list, -contracted
FROM given
