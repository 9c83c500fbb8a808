-- What each policy moves, as pairs that cancel. Grain: policy, day, currency, pool's bucket and owner or
-- receiver, environment, service. Reads: pool, receiver. Read by: spend and its kin, checks.
-- A pool without any base stays where it is.
WITH
moving AS (
  SELECT p.*
  FROM pool AS p
  WHERE p.mode = 'team'
    OR p.split_id IN (SELECT split_id FROM receiver)
),
-- What each gives to its receivers, ready to be divided.
given AS (
  SELECT
    m.*,
    w.whole AS whole,
    times_in(m.billed, w.whole) AS billed_times,
    rest_in(m.billed, w.whole) AS billed_rest,
    times_in(m.effective, w.whole) AS effective_times,
    rest_in(m.effective, w.whole) AS effective_rest,
    times_in(m.list, w.whole) AS list_times,
    rest_in(m.list, w.whole) AS list_rest,
    times_in(m.contracted, w.whole) AS contracted_times,
    rest_in(m.contracted, w.whole) AS contracted_rest
  FROM moving AS m
  JOIN (SELECT DISTINCT split_id AS split_id, whole AS whole FROM receiver) AS w
    ON w.split_id = m.split_id
  WHERE m.mode <> 'team'
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
    amount_of(share_of(g.billed_times, g.billed_rest, r.weight, r.mark, g.whole)),
    amount_of(share_of(g.effective_times, g.effective_rest, r.weight, r.mark, g.whole)),
    amount_of(share_of(g.list_times, g.list_rest, r.weight, r.mark, g.whole)),
    amount_of(share_of(g.contracted_times, g.contracted_rest, r.weight, r.mark, g.whole))
  FROM given AS g
  JOIN receiver AS r
    ON r.split_id = g.split_id
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
