-- Σ attributed = Σ imported, per currency and measure, to the last digit, and as many lines without
-- an amount. Imported: control totals taken when the file was read. A pair's billed cost has its own
-- check. Repairs (x_adjustment) are left out: the bill as written must add up.
WITH
imported AS (
  SELECT
    c.currency AS currency,
    sum(CASE WHEN p.paired AND p.dataset IN ('ActualCost', 'AmortizedCost') THEN NULL ELSE c.billed END) AS billed,
    sum(CASE WHEN p.paired AND p.dataset = 'ActualCost' THEN NULL ELSE c.effective END) AS effective,
    sum(CASE WHEN p.paired AND p.dataset = 'ActualCost' THEN NULL ELSE c.list END) AS list,
    sum(CASE WHEN p.paired AND p.dataset = 'ActualCost' THEN NULL ELSE c.contracted END) AS contracted,
    CAST(coalesce(sum(CASE WHEN p.paired THEN 0 ELSE c.list_nulls END), 0) AS BIGINT) AS list_nulls
  FROM control AS c
  JOIN month_unit AS p
    ON p.source = c.source
    AND p.unit = c.unit
  GROUP BY c.currency
),
attributed AS (
  SELECT
    billing_currency AS currency,
    sum(CASE WHEN x_pair THEN NULL ELSE billed_cost END) AS billed,
    sum(CASE WHEN x_pair AND x_dataset = 'ActualCost' THEN NULL ELSE effective_cost END) AS effective,
    sum(CASE WHEN x_pair AND x_dataset = 'ActualCost' THEN NULL ELSE list_cost END) AS list,
    sum(CASE WHEN x_pair AND x_dataset = 'ActualCost' THEN NULL ELSE contracted_cost END) AS contracted,
    CAST(coalesce(sum(CASE WHEN NOT x_pair AND list_cost IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS list_nulls
  FROM line
  WHERE x_adjustment IS NULL
  GROUP BY billing_currency
),
compared AS (
  SELECT
    coalesce(i.currency, a.currency) AS currency,
    i.* EXCLUDE (currency),
    a.billed AS a_billed,
    a.effective AS a_effective,
    a.list AS a_list,
    a.contracted AS a_contracted,
    a.list_nulls AS a_list_nulls
  FROM imported AS i
  FULL OUTER JOIN attributed AS a
    ON a.currency = i.currency
)
SELECT
  currency AS currency,
  billed IS NOT DISTINCT FROM a_billed
    AND effective IS NOT DISTINCT FROM a_effective
    AND list IS NOT DISTINCT FROM a_list
    AND contracted IS NOT DISTINCT FROM a_contracted
    AND list_nulls IS NOT DISTINCT FROM a_list_nulls AS ok,
  CASE
    WHEN billed IS NOT DISTINCT FROM a_billed
      AND effective IS NOT DISTINCT FROM a_effective
      AND list IS NOT DISTINCT FROM a_list
      AND contracted IS NOT DISTINCT FROM a_contracted
      AND list_nulls IS NOT DISTINCT FROM a_list_nulls
      THEN concat('effective cost ', coalesce(CAST(effective AS VARCHAR), 'not stated'), ' imported and attributed')
    ELSE concat(
      'imported / attributed: billed ', coalesce(CAST(billed AS VARCHAR), '-'), ' / ', coalesce(CAST(a_billed AS VARCHAR), '-'),
      ', effective ', coalesce(CAST(effective AS VARCHAR), '-'), ' / ', coalesce(CAST(a_effective AS VARCHAR), '-'),
      ', list ', coalesce(CAST(list AS VARCHAR), '-'), ' / ', coalesce(CAST(a_list AS VARCHAR), '-'),
      ', contracted ', coalesce(CAST(contracted AS VARCHAR), '-'), ' / ', coalesce(CAST(a_contracted AS VARCHAR), '-'),
      ', lines without list cost ', list_nulls, ' / ', a_list_nulls
    )
  END AS detail
FROM compared
ORDER BY currency
