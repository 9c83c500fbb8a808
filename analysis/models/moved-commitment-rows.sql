-- Unused commitments beside what policies move inside clusters; the commitment stands for the pool.
-- Reads: moved_commitment. Added to moved by the runner.
SELECT
  policy AS policy,
  day AS day,
  currency AS currency,
  '' AS cluster,
  commitment AS pool,
  '' AS namespace,
  team AS team,
  business_unit AS business_unit,
  cost_center AS cost_center,
  environment AS environment,
  service AS service,
  bucket AS bucket,
  '__commitment_unused__' AS from_bucket,
  sum(billed) AS billed,
  sum(effective) AS effective,
  sum(list) AS list,
  sum(contracted) AS contracted
FROM moved_commitment
GROUP BY ALL
