-- The month's lines with their measures, kind and owner. Grain: one bill line.
-- Reads: month_line, owner, owner_fact, team_version. Read by: the answers, checks and exports.
-- Legacy pair: all amortised lines, and of the actual ones the purchases and refunds of commitments.
-- Repairs of known provider defects are lines of their own, added by line_repair.
WITH
measured AS (
  SELECT
    m.* REPLACE (
      CASE
        WHEN m.x_dataset = 'AmortizedCost' AND m.paired
          THEN CASE WHEN m.commitment_discount_status IN ('Used', 'Unused') THEN 0 ELSE m.effective_cost END
        ELSE m.billed_cost
      END AS billed_cost,
      CASE
        WHEN m.x_dataset = 'ActualCost' AND m.paired THEN 0
        ELSE m.effective_cost
      END AS effective_cost
    ),
    CAST(NULL AS VARCHAR) AS x_adjustment
  FROM month_line AS m
  WHERE NOT (
    m.x_dataset = 'ActualCost'
    AND m.paired
    AND NOT (
      coalesce(m.x_charge_type, '') IN ('Purchase', 'Refund')
      AND coalesce(m.x_pricing_model, '') IN ('Reservation', 'SavingsPlan')
    )
  )
),
kinds AS (
  SELECT
    l.*,
    CASE
      WHEN l.commitment_discount_status = 'Unused' OR coalesce(l.x_charge_type, '') LIKE 'Unused%'
        THEN 'commitment-waste'
      WHEN l.charge_category = 'Purchase' AND (l.commitment_discount_id IS NOT NULL OR l.pricing_category = 'Committed')
        THEN 'commitment-purchase'
      WHEN coalesce(trim(l.resource_id), '') = ''
        THEN 'no-resource'
      ELSE 'resource'
    END AS x_match
  FROM measured AS l
)
SELECT
  k.* EXCLUDE (owner_hash, paired) REPLACE (
    coalesce(k.resource_type, f.resource_type) AS resource_type,
    CASE WHEN k.x_match = 'resource' AND f.is_shared THEN 'shared-service' ELSE k.x_match END AS x_match
  ),
  CASE WHEN k.x_match = 'commitment-waste' THEN '__commitment_unused__' ELSE coalesce(o.team, '__unowned__') END AS x_team,
  CASE WHEN k.x_match = 'commitment-waste' THEN 'unused commitments have no owner' ELSE o.rule_text END AS x_rule,
  CASE
    WHEN k.x_match = 'commitment-waste' THEN '__commitment_unused__'
    WHEN o.team IS NULL THEN '__unowned__'
    ELSE 'direct'
  END AS x_bucket,
  coalesce(CASE WHEN k.x_match <> 'commitment-waste' THEN t.business_unit END, '') AS x_business_unit,
  coalesce(CASE WHEN k.x_match <> 'commitment-waste' THEN t.cost_center END, '') AS x_owner_cost_center,
  f.environment AS x_environment,
  f.resource_group AS x_resource_group_key,
  CASE WHEN k.x_match <> 'commitment-waste' AND o.team IS NULL THEN f.hint END AS x_hint
FROM kinds AS k
JOIN owner_fact AS f
  ON f.owner_hash = k.owner_hash
LEFT JOIN owner AS o
  ON o.owner_hash = k.owner_hash
  AND o.day_from <= k.x_day
  AND k.x_day < o.day_until
LEFT JOIN team_version AS t
  ON t.team = o.team
  AND t.day_from <= k.x_day
  AND k.x_day < t.day_until
