-- What the pages ask for by day. Grain: charge day, owner, environment, service, bucket, currency,
-- cluster, namespace, policy. Rows without a policy hold under all of them; the others are what that
-- policy moves. Reads: line, cluster_spend, moved. Read by: showback by day, spend_month.
WITH
rows AS (
  SELECT
    CAST(NULL AS VARCHAR) AS policy,
    x_day AS day,
    billing_currency AS currency,
    x_team AS team,
    x_business_unit AS business_unit,
    x_owner_cost_center AS cost_center,
    x_environment AS environment,
    service AS service,
    x_bucket AS bucket,
    '' AS cluster,
    '' AS namespace,
    count(*) AS lines,
    coalesce(sum(billed_cost), 0) AS billed,
    coalesce(sum(effective_cost), 0) AS effective,
    coalesce(sum(list_cost), 0) AS list,
    coalesce(sum(contracted_cost), 0) AS contracted,
    count(*) - count(billed_cost) AS billed_nulls,
    count(*) - count(effective_cost) AS effective_nulls,
    count(*) - count(list_cost) AS list_nulls,
    count(*) - count(contracted_cost) AS contracted_nulls
  FROM line
  WHERE x_bucket <> '__split__'
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
