-- What a month's statement is the sum of, as it stands in one file. Grain: line without a split; share of
-- a split or of what is passed on, by day, team, service, cluster and namespace.
-- Reads: visible_line, visible_spend of {{side}} (was, now). Read by: diff.sql. Of the configured policy.
CREATE VIEW {{side}}_entry AS
SELECT
  billing_currency AS currency,
  x_business_unit AS business_unit,
  x_owner_cost_center AS cost_center,
  x_team AS team,
  service AS service,
  x_bucket AS bucket,
  x_day AS day,
  coalesce(lower(resource_id), '') AS resource,
  coalesce(charge_description, '') AS description,
  '' AS cluster,
  '' AS namespace,
  effective_cost AS effective,
  billed_cost AS billed,
  list_cost AS list
FROM {{side}}_month.visible_line(CAST(NULL AS VARCHAR[]))
WHERE x_bucket <> '__split__'
UNION ALL
SELECT
  currency,
  business_unit,
  cost_center,
  team,
  service,
  bucket,
  day,
  '',
  CASE WHEN policy IS NULL THEN 'Share' ELSE 'Redistribution' END,
  cluster,
  namespace,
  effective,
  billed,
  list
FROM {{side}}_month.visible_spend(CAST(NULL AS VARCHAR[]))
WHERE policy = 'configured'
  OR (policy IS NULL AND cluster <> '');
-- The bill's own lines, divided or not, by what names them.
CREATE VIEW {{side}}_bill AS
SELECT
  billing_currency AS currency,
  coalesce(sub_account_id, '') AS subscription,
  service AS service,
  x_match AS paid_for,
  x_day AS day,
  coalesce(lower(resource_id), '') AS resource,
  coalesce(charge_description, '') AS description,
  effective_cost AS effective,
  billed_cost AS billed,
  list_cost AS list
FROM {{side}}_month.visible_line(CAST(NULL AS VARCHAR[]));
