-- What the files said when they were read, by measure. Grain: currency, measure.
-- Reads: control, month_unit, line (a pair's billed cost only). Read by: reconciliation.
WITH
usable AS (
  SELECT
    c.currency AS currency,
    CASE WHEN u.paired AND u.dataset = 'AmortizedCost' THEN 0 ELSE c.billed END AS billed,
    CASE WHEN u.paired AND u.dataset = 'ActualCost' THEN 0 ELSE c.effective END AS effective,
    CASE WHEN u.paired AND u.dataset = 'ActualCost' THEN 0 ELSE c.list END AS list,
    CASE WHEN u.paired AND u.dataset = 'ActualCost' THEN 0 ELSE c.contracted END AS contracted,
    CASE WHEN u.paired AND u.dataset = 'AmortizedCost' THEN 0 ELSE coalesce(c.rounded_billed, c.rounded) END AS rounded_billed,
    CASE WHEN u.paired AND u.dataset = 'ActualCost' THEN 0 ELSE coalesce(c.rounded_effective, c.rounded) END AS rounded_effective,
    CASE WHEN u.paired AND u.dataset = 'ActualCost' THEN 0 ELSE coalesce(c.rounded_list, c.rounded) END AS rounded_list,
    CASE WHEN u.paired AND u.dataset = 'ActualCost' THEN 0 ELSE coalesce(c.rounded_contracted, c.rounded) END AS rounded_contracted
  FROM control AS c
  JOIN month_unit AS u
    ON u.source = c.source
    AND u.unit = c.unit
)
SELECT currency AS currency, 'billed' AS measure, coalesce(sum(billed), 0) AS amount, sum(rounded_billed) AS rounded FROM usable GROUP BY currency
UNION ALL
SELECT currency, 'effective', coalesce(sum(effective), 0), sum(rounded_effective) FROM usable GROUP BY currency
UNION ALL
SELECT currency, 'list', coalesce(sum(list), 0), sum(rounded_list) FROM usable GROUP BY currency
UNION ALL
SELECT currency, 'contracted', coalesce(sum(contracted), 0), sum(rounded_contracted) FROM usable GROUP BY currency
