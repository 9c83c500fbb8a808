-- What a line is and whose, by what ownership can see of it. Grain: owner_hash, nature (of line_word), days (half-open).
-- Reads: month_line, owner_key, line_word, owner, owner_fact, cluster_key, shared_line, team_version.
-- Read by: line_owner, line_fact.
-- What a cluster's usage or a shared service's weights divide has no owner of its own: its bucket is
-- __split__, its shares have owners. The month is cut where any answer may change, so that the rules are
-- asked once for all lines alike and not once a line.
WITH
span AS (
  SELECT
    min(x_day) AS first_day,
    max(x_day) + 1 AS end_day
  FROM month_line
),
cuts AS (
  SELECT first_day AS day_from FROM span
  UNION
  SELECT o.day_from
  FROM (
    SELECT day_from AS day_from FROM owner
    UNION
    SELECT day_until FROM owner
    UNION
    SELECT day_from FROM team_version
    UNION
    SELECT day_until FROM team_version
  ) AS o
  JOIN span AS s
    ON s.first_day < o.day_from
    AND o.day_from < s.end_day
),
ranges AS (
  SELECT
    c.day_from AS day_from,
    coalesce(lead(c.day_from) OVER (ORDER BY c.day_from), s.end_day) AS day_until
  FROM cuts AS c
  CROSS JOIN span AS s
),
natures AS (
  SELECT DISTINCT nature AS nature FROM line_word
),
kinds AS (
  SELECT
    k.owner_hash AS owner_hash,
    n.nature AS nature,
    c.kind AS cluster_kind,
    c.cluster AS cluster,
    s.team IS NOT NULL AS is_shared_by_rule,
    f.is_shared AS is_shared,
    CASE
      WHEN n.nature <> 'resource' THEN n.nature
      WHEN coalesce(trim(k.resource_key), '') = '' THEN 'no-resource'
      ELSE 'resource'
    END AS kind
  FROM owner_key AS k
  CROSS JOIN natures AS n
  JOIN owner_fact AS f
    ON f.owner_hash = k.owner_hash
  LEFT JOIN cluster_key AS c
    ON c.owner_hash = k.owner_hash
  LEFT JOIN shared_line AS s
    ON s.owner_hash = k.owner_hash
),
matched AS (
  SELECT
    k.*,
    (k.kind = 'resource' AND k.cluster_kind IS NOT NULL)
      OR (k.kind IN ('resource', 'no-resource') AND k.is_shared_by_rule) AS is_split,
    CASE
      WHEN k.kind = 'resource' AND k.cluster_kind IS NOT NULL THEN k.cluster_kind
      WHEN k.kind IN ('resource', 'no-resource') AND k.is_shared_by_rule THEN 'shared-service'
      WHEN k.kind <> 'resource' THEN k.kind
      WHEN k.is_shared THEN 'shared-service'
      ELSE k.kind
    END AS x_match
  FROM kinds AS k
),
answered AS (
  SELECT
    m.owner_hash AS owner_hash,
    m.nature AS nature,
    r.day_from AS day_from,
    r.day_until AS day_until,
    m.x_match AS x_match,
    CASE
      WHEN m.x_match = 'commitment-waste' THEN '__commitment_unused__'
      WHEN m.is_split THEN NULL
      WHEN o.team IS NULL AND m.cluster IS NOT NULL THEN '__unmatched__'
      ELSE coalesce(o.team, '__unowned__')
    END AS x_team,
    CASE
      WHEN m.x_match = 'commitment-waste' THEN 'unused commitments have no owner'
      WHEN m.is_split THEN NULL
      ELSE o.rule_text
    END AS x_rule,
    CASE
      WHEN m.x_match = 'commitment-waste' THEN '__commitment_unused__'
      WHEN m.is_split THEN '__split__'
      WHEN o.team IS NULL AND m.cluster IS NOT NULL THEN '__unmatched__'
      WHEN o.team IS NULL THEN '__unowned__'
      ELSE 'direct'
    END AS x_bucket,
    coalesce(CASE WHEN m.x_match <> 'commitment-waste' AND NOT m.is_split THEN t.business_unit END, '') AS x_business_unit,
    coalesce(CASE WHEN m.x_match <> 'commitment-waste' AND NOT m.is_split THEN t.cost_center END, '') AS x_owner_cost_center
  FROM matched AS m
  CROSS JOIN ranges AS r
  LEFT JOIN owner AS o
    ON o.owner_hash = m.owner_hash
    AND o.day_from <= r.day_from
    AND r.day_from < o.day_until
  LEFT JOIN team_version AS t
    ON t.team = o.team
    AND t.day_from <= r.day_from
    AND r.day_from < t.day_until
)
SELECT
  a.*,
  hash(a.x_match, a.x_team, a.x_rule, a.x_bucket, a.x_business_unit, a.x_owner_cost_center) AS own_hash
FROM answered AS a
