-- Who owns what ownership can see, day by day; and, by the same algorithm, which shared service a line
-- is of. Grain: owner_hash, day_from (half-open ranges). Reads: owner_key, tag_value and what the slots
-- {rules} and {patterns} name: the owners' rules or the shared services'. Read by: line, consumer_day.
-- Rules in order, first match on the charge day wins; keys of a match AND, list values OR. Days are
-- cut where any rule begins or ends, so a rule is evaluated once a range and not once a day.
WITH
condition_met AS (
  SELECT DISTINCT
    k.owner_hash AS owner_hash,
    p.rule_order AS rule_order,
    p.condition_no AS condition_no
  FROM owner_key AS k
  JOIN {{patterns}} AS p
    ON p.match_key <> 'tag'
    AND CASE p.match_key
      WHEN 'resourceId' THEN coalesce(like_escape(k.resource_key, p.pattern, '\'), false)
      WHEN 'resourceGroup' THEN coalesce(like_escape(k.resource_group, p.pattern, '\'), false)
      WHEN 'service' THEN coalesce(like_escape(k.service_key, p.pattern, '\'), false)
      WHEN 'subscription'
        THEN coalesce(like_escape(k.sub_account_name, p.pattern, '\'), false)
          OR coalesce(like_escape(k.sub_account_key, p.pattern, '\'), false)
          OR coalesce(like_escape(replace(k.sub_account_key, '/subscriptions/', ''), p.pattern, '\'), false)
      ELSE false
    END
  UNION ALL
  SELECT DISTINCT
    k.owner_hash AS owner_hash,
    p.rule_order AS rule_order,
    p.condition_no AS condition_no
  FROM {{patterns}} AS p
  JOIN tag_value AS t
    ON p.match_key = 'tag'
    AND t.tag_key = p.tag_key
    AND like_escape(lower(t.tag_value), p.pattern, '\')
  JOIN owner_key AS k
    ON k.tags = t.tags
),
matched AS (
  SELECT
    m.owner_hash AS owner_hash,
    r.rule_order AS rule_order,
    r.team AS team,
    r.rule_text AS rule_text,
    r.day_from AS day_from,
    r.day_until AS day_until
  FROM (
    SELECT
      owner_hash AS owner_hash,
      rule_order AS rule_order,
      count(*) AS met
    FROM condition_met
    GROUP BY
      owner_hash,
      rule_order
  ) AS m
  JOIN {{rules}} AS r
    ON r.rule_order = m.rule_order
    AND r.conditions = m.met
),
cuts AS (
  SELECT DATE '0001-01-01' AS day_from
  UNION
  SELECT day_from AS day_from FROM {{rules}}
  UNION
  SELECT day_until AS day_from FROM {{rules}} WHERE day_until < DATE '9999-12-31'
),
ranges AS (
  SELECT
    day_from AS day_from,
    coalesce(lead(day_from) OVER (ORDER BY day_from), DATE '9999-12-31') AS day_until
  FROM cuts
)
SELECT
  m.owner_hash AS owner_hash,
  g.day_from AS day_from,
  g.day_until AS day_until,
  min(m.rule_order) AS rule_order,
  arg_min(m.team, m.rule_order) AS team,
  arg_min(m.rule_text, m.rule_order) AS rule_text
FROM matched AS m
JOIN ranges AS g
  ON m.day_from <= g.day_from
  AND g.day_from < m.day_until
GROUP BY
  m.owner_hash,
  g.day_from,
  g.day_until
