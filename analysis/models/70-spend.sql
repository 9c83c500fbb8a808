-- What the pages ask for by day. Grain: charge day, owner, environment, service, bucket, currency,
-- cluster, namespace, policy. Rows without a policy hold under all of them; the others are what that
-- policy moves. Reads: line_fact, line_word, line_resource, line_owner, cluster_spend, moved. Read by: showback by day, spend_month.
WITH
-- By numbers first, of which there are as many as services in environments; texts once an answer, not once a line.
place AS (
  SELECT
    resource_no AS resource_no,
    dense_rank() OVER (ORDER BY service, x_environment) AS place_no,
    service AS service,
    x_environment AS environment
  FROM line_resource
),
numbered AS (
  SELECT
    f.x_day AS day,
    f.own_no AS own_no,
    p.place_no AS place_no,
    w.billing_currency AS currency,
    count(*) AS lines,
    coalesce(sum(f.billed_cost), 0) AS billed,
    coalesce(sum(f.effective_cost), 0) AS effective,
    coalesce(sum(f.list_cost), 0) AS list,
    coalesce(sum(f.contracted_cost), 0) AS contracted,
    count(f.billed_cost) AS billed_known,
    count(f.effective_cost) AS effective_known,
    count(f.list_cost) AS list_known,
    count(f.contracted_cost) AS contracted_known
  FROM line_fact AS f
  JOIN line_word AS w
    ON w.word_no = f.word_no
  JOIN line_owner AS n
    ON n.own_no = f.own_no
    AND n.x_bucket <> '__split__'
  JOIN place AS p
    ON p.resource_no = f.resource_no
  GROUP BY
    f.x_day,
    f.own_no,
    p.place_no,
    w.billing_currency
),
named AS (
  SELECT
    l.*,
    p.service AS service,
    p.environment AS environment
  FROM numbered AS l
  JOIN (SELECT DISTINCT place_no AS place_no, service AS service, environment AS environment FROM place) AS p
    ON p.place_no = l.place_no
),
rows AS (
  SELECT
    CAST(NULL AS VARCHAR) AS policy,
    l.day AS day,
    l.currency AS currency,
    n.x_team AS team,
    n.x_business_unit AS business_unit,
    n.x_owner_cost_center AS cost_center,
    l.environment AS environment,
    l.service AS service,
    n.x_bucket AS bucket,
    '' AS cluster,
    '' AS namespace,
    CAST(sum(l.lines) AS BIGINT) AS lines,
    sum(l.billed) AS billed,
    sum(l.effective) AS effective,
    sum(l.list) AS list,
    sum(l.contracted) AS contracted,
    CAST(sum(l.lines - l.billed_known) AS BIGINT) AS billed_nulls,
    CAST(sum(l.lines - l.effective_known) AS BIGINT) AS effective_nulls,
    CAST(sum(l.lines - l.list_known) AS BIGINT) AS list_nulls,
    CAST(sum(l.lines - l.contracted_known) AS BIGINT) AS contracted_nulls
  FROM named AS l
  JOIN line_owner AS n
    ON n.own_no = l.own_no
  GROUP BY ALL
  UNION ALL
  SELECT
    NULL,
    day,
    currency,
    team,
    business_unit,
    cost_center,
    environment,
    service,
    CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE bucket END,
    cluster,
    namespace,
    CAST(sum(lines) AS BIGINT),
    sum(billed),
    sum(effective),
    sum(list),
    sum(contracted),
    CAST(sum(billed_nulls) AS BIGINT),
    CAST(sum(effective_nulls) AS BIGINT),
    CAST(sum(list_nulls) AS BIGINT),
    CAST(sum(contracted_nulls) AS BIGINT)
  FROM cluster_spend
  GROUP BY
    day,
    currency,
    team,
    business_unit,
    cost_center,
    environment,
    service,
    CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE bucket END,
    cluster,
    namespace
  UNION ALL
  SELECT
    policy,
    day,
    currency,
    team,
    business_unit,
    cost_center,
    environment,
    service,
    CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE bucket END,
    cluster,
    namespace,
    CAST(1 AS BIGINT),
    sum(billed),
    sum(effective),
    sum(list),
    sum(contracted),
    CAST(0 AS BIGINT),
    CAST(0 AS BIGINT),
    CAST(0 AS BIGINT),
    CAST(0 AS BIGINT)
  FROM moved
  GROUP BY
    policy,
    day,
    currency,
    team,
    business_unit,
    cost_center,
    environment,
    service,
    CASE WHEN team = '__unowned__' THEN '__unowned__' ELSE bucket END,
    cluster,
    namespace
)
SELECT * FROM rows
ORDER BY
  cluster,
  namespace
