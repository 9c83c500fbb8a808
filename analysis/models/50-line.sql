-- The month's lines with their measures, kind and owner. Grain: one bill line, or its repair.
-- Reads: month_line, owner, owner_fact, team_version. Read by: the answers, checks and exports.
-- Legacy pair: all amortised lines, and of the actual ones the purchases and refunds of commitments.
-- A known provider defect is repaired by a second line that names it in x_adjustment; the line itself
-- stays as written.
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
repaired AS (
  SELECT * FROM measured
  UNION ALL
  SELECT
    m.* REPLACE (
      0 AS billed_cost,
      -m.effective_cost AS effective_cost,
      CASE WHEN m.list_cost IS NOT NULL THEN 0 END AS list_cost,
      CASE WHEN m.contracted_cost IS NOT NULL THEN 0 END AS contracted_cost,
      -m.pricing_currency_effective_cost AS pricing_currency_effective_cost,
      CASE WHEN m.pricing_quantity IS NOT NULL THEN 0 END AS pricing_quantity,
      CASE WHEN m.consumed_quantity IS NOT NULL THEN 0 END AS consumed_quantity,
      CASE WHEN m.commitment_discount_quantity IS NOT NULL THEN 0 END AS commitment_discount_quantity,
      'InvalidEffectiveCost' AS x_adjustment
    )
  FROM measured AS m
  WHERE m.x_dataset = 'FocusCost'
    AND m.provider_name = 'Microsoft'
    AND m.charge_category = 'Purchase'
    AND m.commitment_discount_id IS NOT NULL
    AND m.effective_cost <> 0
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
      WHEN regexp_matches(l.resource_id, '(?i)/providers/(microsoft\.web/(hostingenvironments|serverfarms)|microsoft\.sql/(managedinstances|servers/[^/]+/elasticpools)|microsoft\.operationalinsights/workspaces|microsoft\.apimanagement/service)/')
        THEN 'shared-service'
      ELSE 'resource'
    END AS x_match
  FROM repaired AS l
)
SELECT
  k.* EXCLUDE (owner_hash, paired) REPLACE (coalesce(k.resource_type, f.resource_type) AS resource_type),
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
