-- The month's lines with their measures, kind and owner. Grain: one bill line.
-- Reads: month_line, owner, owner_fact, cluster_key, shared_line, team_version. Read by: the answers, checks and exports.
-- What a cluster's usage or a shared service's weights divide has no owner of its own: its bucket is
-- __split__, its shares have owners.
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
),
placed AS (
  SELECT
    l.*,
    c.cluster AS x_cluster,
    CASE WHEN l.x_match = 'resource' AND c.kind IS NOT NULL THEN c.kind ELSE 'shared-service' END AS split_as,
    (l.x_match = 'resource' AND c.kind IS NOT NULL)
      OR (l.x_match IN ('resource', 'no-resource') AND s.team IS NOT NULL) AS is_split
  FROM kinds AS l
  LEFT JOIN cluster_key AS c
    ON c.owner_hash = l.owner_hash
  LEFT JOIN shared_line AS s
    ON s.owner_hash = l.owner_hash
)
SELECT
  k.* EXCLUDE (paired, is_split, split_as) REPLACE (
    coalesce(k.resource_type, f.resource_type) AS resource_type,
    CASE
      WHEN k.is_split THEN k.split_as
      WHEN k.x_match <> 'resource' THEN k.x_match
      WHEN f.is_shared THEN 'shared-service'
      ELSE k.x_match
    END AS x_match
  ),
  CASE
    WHEN k.x_match = 'commitment-waste' THEN '__commitment_unused__'
    WHEN k.is_split THEN NULL
    WHEN o.team IS NULL AND k.x_cluster IS NOT NULL THEN '__unmatched__'
    ELSE coalesce(o.team, '__unowned__')
  END AS x_team,
  CASE
    WHEN k.x_match = 'commitment-waste' THEN 'unused commitments have no owner'
    WHEN k.is_split THEN NULL
    ELSE o.rule_text
  END AS x_rule,
  CASE
    WHEN k.x_match = 'commitment-waste' THEN '__commitment_unused__'
    WHEN k.is_split THEN '__split__'
    WHEN o.team IS NULL AND k.x_cluster IS NOT NULL THEN '__unmatched__'
    WHEN o.team IS NULL THEN '__unowned__'
    ELSE 'direct'
  END AS x_bucket,
  coalesce(CASE WHEN k.x_match <> 'commitment-waste' AND NOT k.is_split THEN t.business_unit END, '') AS x_business_unit,
  coalesce(CASE WHEN k.x_match <> 'commitment-waste' AND NOT k.is_split THEN t.cost_center END, '') AS x_owner_cost_center,
  coalesce(nullif(f.environment, ''), e.environment, '') AS x_environment,
  f.resource_group AS x_resource_group_key,
  CASE WHEN k.x_match <> 'commitment-waste' AND NOT k.is_split AND o.team IS NULL THEN f.hint END AS x_hint
FROM placed AS k
JOIN owner_fact AS f
  ON f.owner_hash = k.owner_hash
LEFT JOIN cluster AS e
  ON e.name = k.x_cluster
LEFT JOIN owner AS o
  ON o.owner_hash = k.owner_hash
  AND o.day_from <= k.x_day
  AND k.x_day < o.day_until
LEFT JOIN team_version AS t
  ON t.team = o.team
  AND t.day_from <= k.x_day
  AND k.x_day < t.day_until
