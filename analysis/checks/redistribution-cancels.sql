-- What a policy moves adds up to nothing, pool by pool, in every measure.
WITH
pools AS (
  SELECT
    currency AS currency,
    policy AS policy,
    cluster AS cluster,
    from_bucket AS from_bucket,
    sum(billed) = 0 AND sum(effective) = 0 AND sum(list) = 0 AND sum(contracted) = 0 AS ok
  FROM moved
  GROUP BY
    currency,
    policy,
    cluster,
    from_bucket,
    day,
    CASE WHEN from_bucket IN ('__idle__', '__commitment_unused__') THEN pool ELSE '' END,
    environment,
    service
)
SELECT
  currency AS currency,
  bool_and(ok) AS ok,
  concat(
    count(*), ' pools moved',
    coalesce('; they do not cancel: ' || string_agg(DISTINCT CASE WHEN NOT ok THEN concat(policy, ' ', cluster, ' ', from_bucket) END, ', '), '')
  ) AS detail
FROM pools
GROUP BY
  currency
ORDER BY
  currency
