-- What each policy moves, as pairs that cancel. Grain: policy, day, currency, pool's bucket and owner or
-- receiver, environment, service. Reads: pool, receiver, moved_share. Read by: spend and its kin, checks.
-- A pool without any base stays where it is.
WITH
moving AS (
  SELECT p.*
  FROM pool AS p
  WHERE p.mode = 'team'
    OR p.split_id IN (SELECT split_id FROM receiver)
),
-- Negative amounts are divided as positive ones and negated.
given AS (
  SELECT policy, split_id, day, currency, cluster, bucket, environment, service, 'billed' AS measure, abs(billed) AS units, sign(billed) AS sign FROM moving WHERE mode <> 'team'
  UNION ALL
  SELECT policy, split_id, day, currency, cluster, bucket, environment, service, 'effective', abs(effective), sign(effective) FROM moving WHERE mode <> 'team'
  UNION ALL
  SELECT policy, split_id, day, currency, cluster, bucket, environment, service, 'list', abs(list), sign(list) FROM moving WHERE mode <> 'team'
  UNION ALL
  SELECT policy, split_id, day, currency, cluster, bucket, environment, service, 'contracted', abs(contracted), sign(contracted) FROM moving WHERE mode <> 'team'
),
rows AS (
  SELECT
    policy AS policy, day AS day, currency AS currency, cluster AS cluster, pool AS pool, namespace AS namespace,
    team AS team, business_unit AS business_unit, cost_center AS cost_center,
    environment AS environment, service AS service,
    bucket AS bucket, bucket AS from_bucket,
    -billed AS billed, -effective AS effective, -list AS list, -contracted AS contracted
  FROM moving
  UNION ALL
  SELECT
    m.policy, m.day, m.currency, m.cluster, m.pool, '',
    m.to_team, coalesce(t.business_unit, ''), coalesce(t.cost_center, ''),
    m.environment, m.service,
    CASE WHEN m.bucket = '__idle__' THEN 'idle' ELSE 'shared' END, m.bucket,
    m.billed, m.effective, m.list, m.contracted
  FROM moving AS m
  LEFT JOIN team_version AS t
    ON t.team = m.to_team
    AND t.day_from <= m.day
    AND m.day < t.day_until
  WHERE m.mode = 'team'
  UNION ALL
  SELECT
    g.policy, g.day, g.currency, g.cluster, r.pool, r.namespace,
    r.team, r.business_unit, r.cost_center,
    g.environment, g.service,
    CASE WHEN r.team = '__unowned__' THEN '__unowned__' WHEN g.bucket = '__idle__' THEN 'idle' ELSE 'shared' END, g.bucket,
    CASE WHEN g.measure = 'billed' THEN s.part * g.sign ELSE 0 END,
    CASE WHEN g.measure = 'effective' THEN s.part * g.sign ELSE 0 END,
    CASE WHEN g.measure = 'list' THEN s.part * g.sign ELSE 0 END,
    CASE WHEN g.measure = 'contracted' THEN s.part * g.sign ELSE 0 END
  FROM given AS g
  JOIN moved_share AS s
    ON s.split_id = g.split_id
    AND s.units = g.units
  JOIN receiver AS r
    ON r.split_id = s.split_id
    AND r.consumer_id = s.consumer_id
)
SELECT
  policy AS policy,
  day AS day,
  currency AS currency,
  cluster AS cluster,
  pool AS pool,
  namespace AS namespace,
  team AS team,
  business_unit AS business_unit,
  cost_center AS cost_center,
  environment AS environment,
  service AS service,
  bucket AS bucket,
  from_bucket AS from_bucket,
  sum(billed) AS billed,
  sum(effective) AS effective,
  sum(list) AS list,
  sum(contracted) AS contracted
FROM rows
GROUP BY ALL
