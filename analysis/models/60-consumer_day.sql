-- Whose a consumer is, day by day. Grain: consumer, day.
-- Reads: consumer, weight, split, pod_day, namespace_day, inventory_namespace, owner_key, owner, rule,
-- rule_pattern, team_version. Read by: cluster_spend, explain.
-- Rules in order, first match on the day wins. Labels and annotations: the pod template's, else the
-- namespace's; the value held longest that day (tie: later). No rule owns a sentinel.
WITH
seen AS (
  SELECT DISTINCT
    w.consumer_id AS consumer_id,
    s.day AS day
  FROM weight AS w
  JOIN split AS s
    ON s.split_id = w.split_id
),
named AS (
  SELECT
    s.consumer_id AS consumer_id,
    s.day AS day,
    c.cluster AS cluster,
    c.namespace AS namespace,
    c.workload_kind AS workload_kind,
    c.workload AS workload
  FROM seen AS s
  JOIN consumer AS c
    ON c.consumer_id = s.consumer_id
    AND c.namespace <> ''
),
-- The text of a key in JSON: as Kubernetes writes it, or as kube-state-metrics does.
wanted AS (
  SELECT DISTINCT
    match_key AS match_key,
    tag_key AS name,
    '$."' || replace(tag_key, '"', '') || '"' AS path,
    '$."' || regexp_replace(tag_key, '[^a-zA-Z0-9_]', '_', 'g') || '"' AS mangled
  FROM rule_pattern
  WHERE match_key IN ('label', 'annotation')
),
pod_value AS (
  SELECT
    p.cluster AS cluster,
    CAST(p.day AS DATE) AS day,
    p.namespace AS namespace,
    coalesce(p.workload_kind, 'Pod') AS workload_kind,
    coalesce(p.workload, p.pod) AS workload,
    w.match_key AS match_key,
    w.name AS name,
    coalesce(
      json_extract_string(CASE w.match_key WHEN 'label' THEN p.labels ELSE p.annotations END, w.path),
      json_extract_string(CASE w.match_key WHEN 'label' THEN p.labels ELSE p.annotations END, w.mangled)
    ) AS value,
    sum(p.running_s) * 10000000000 + max(p.until_s) AS held
  FROM pod_day AS p
  JOIN wanted AS w
    ON true
  GROUP BY ALL
),
namespace_seen AS (
  SELECT cluster AS cluster, CAST(day AS DATE) AS day, namespace AS namespace, labels AS labels, annotations AS annotations, seconds AS seconds FROM namespace_day
  UNION ALL
  SELECT cluster, day, namespace, labels, annotations, 0 FROM inventory_namespace
),
namespace_value AS (
  SELECT
    n.cluster AS cluster,
    n.day AS day,
    n.namespace AS namespace,
    w.match_key AS match_key,
    w.name AS name,
    coalesce(
      json_extract_string(CASE w.match_key WHEN 'label' THEN n.labels ELSE n.annotations END, w.path),
      json_extract_string(CASE w.match_key WHEN 'label' THEN n.labels ELSE n.annotations END, w.mangled)
    ) AS value,
    max(n.seconds) AS held
  FROM namespace_seen AS n
  JOIN wanted AS w
    ON true
  GROUP BY ALL
),
value AS (
  SELECT
    n.consumer_id AS consumer_id,
    n.day AS day,
    w.match_key AS match_key,
    w.name AS name,
    lower(coalesce(p.value, s.value)) AS value
  FROM named AS n
  JOIN wanted AS w
    ON true
  LEFT JOIN (
    SELECT cluster, day, namespace, workload_kind, workload, match_key, name, arg_max(value, held) AS value
    FROM pod_value WHERE value IS NOT NULL GROUP BY ALL
  ) AS p
    ON p.cluster = n.cluster AND p.day = n.day AND p.namespace = n.namespace
    AND p.workload_kind = n.workload_kind AND p.workload = n.workload
    AND p.match_key = w.match_key AND p.name = w.name
  LEFT JOIN (
    SELECT cluster, day, namespace, match_key, name, arg_max(value, held) AS value
    FROM namespace_value WHERE value IS NOT NULL GROUP BY ALL
  ) AS s
    ON s.cluster = n.cluster AND s.day = n.day AND s.namespace = n.namespace
    AND s.match_key = w.match_key AND s.name = w.name
  WHERE coalesce(p.value, s.value) IS NOT NULL
),
place_met AS (
  SELECT DISTINCT
    c.cluster AS cluster,
    c.namespace AS namespace,
    p.rule_order AS rule_order,
    p.condition_no AS condition_no
  FROM (SELECT DISTINCT cluster AS cluster, namespace AS namespace FROM named) AS c
  JOIN rule_pattern AS p
    ON (p.match_key = 'cluster' AND like_escape(lower(c.cluster), p.pattern, '\'))
    OR (p.match_key = 'namespace' AND like_escape(lower(c.namespace), p.pattern, '\'))
),
-- How many conditions of a rule a place meets: counted once a place and not once a consumer and day, of which there
-- are ten thousand times as many.
place_rule AS (
  SELECT
    p.cluster AS cluster,
    p.namespace AS namespace,
    p.rule_order AS rule_order,
    count(*) AS met
  FROM place_met AS p
  GROUP BY
    p.cluster,
    p.namespace,
    p.rule_order
),
value_rule AS (
  SELECT
    consumer_id AS consumer_id,
    day AS day,
    rule_order AS rule_order,
    count(*) AS met
  FROM (
    SELECT DISTINCT
      v.consumer_id AS consumer_id,
      v.day AS day,
      p.rule_order AS rule_order,
      p.condition_no AS condition_no
    FROM value AS v
    JOIN rule_pattern AS p
      ON p.match_key = v.match_key
      AND p.tag_key = v.name
      AND like_escape(v.value, p.pattern, '\')
  )
  GROUP BY
    consumer_id,
    day,
    rule_order
),
-- A rule is met by a place alone, or by what a pod or namespace is labelled, with its place or without.
met AS (
  SELECT
    n.consumer_id AS consumer_id,
    n.day AS day,
    r.rule_order AS rule_order
  FROM named AS n
  JOIN place_rule AS p
    ON p.cluster = n.cluster
    AND p.namespace = n.namespace
  JOIN rule AS r
    ON r.rule_order = p.rule_order
    AND r.conditions = p.met
  UNION ALL
  SELECT
    n.consumer_id,
    n.day,
    r.rule_order
  FROM value_rule AS v
  JOIN named AS n
    ON n.consumer_id = v.consumer_id
    AND n.day = v.day
  LEFT JOIN place_rule AS p
    ON p.cluster = n.cluster
    AND p.namespace = n.namespace
    AND p.rule_order = v.rule_order
  JOIN rule AS r
    ON r.rule_order = v.rule_order
    AND r.conditions = v.met + coalesce(p.met, 0)
),
owned AS (
  SELECT
    m.consumer_id AS consumer_id,
    m.day AS day,
    arg_min(r.team, r.rule_order) AS team,
    arg_min(r.rule_text, r.rule_order) AS rule_text
  FROM met AS m
  JOIN rule AS r
    ON r.rule_order = m.rule_order
    AND r.day_from <= m.day
    AND m.day < r.day_until
  GROUP BY
    m.consumer_id,
    m.day
),
-- Who shares a service without being a namespace: a team is its own, a resource has the rules' answer
-- for what the bill says of it, else for its id alone.
owners AS (
  SELECT consumer_id AS consumer_id, day AS day, team AS team, rule_text AS rule_text FROM owned
  UNION ALL
  SELECT
    s.consumer_id,
    s.day,
    CASE WHEN c.workload IN (SELECT team FROM team_version) THEN c.workload END,
    CASE WHEN c.workload NOT IN (SELECT team FROM team_version) THEN concat('no team has the id ', c.workload) END
  FROM seen AS s
  JOIN consumer AS c
    ON c.consumer_id = s.consumer_id
    AND c.bucket = 'shared'
    AND c.workload_kind = 'team'
  UNION ALL
  SELECT
    s.consumer_id,
    s.day,
    arg_min(w.team, w.rule_order),
    arg_min(w.rule_text, w.rule_order)
  FROM seen AS s
  JOIN consumer AS c
    ON c.consumer_id = s.consumer_id
    AND c.bucket = 'shared'
    AND c.workload_kind = 'resource'
  JOIN owner_key AS k
    ON k.resource_key = c.workload
  JOIN owner AS w
    ON w.owner_hash = k.owner_hash
    AND w.day_from <= s.day
    AND s.day < w.day_until
  GROUP BY
    s.consumer_id,
    s.day
)
SELECT
  s.consumer_id AS consumer_id,
  s.day AS day,
  CASE WHEN starts_with(c.bucket, '__') THEN c.bucket ELSE coalesce(o.team, '__unowned__') END AS team,
  coalesce(t.business_unit, '') AS business_unit,
  coalesce(t.cost_center, '') AS cost_center,
  o.rule_text AS rule_text
FROM seen AS s
JOIN consumer AS c
  ON c.consumer_id = s.consumer_id
LEFT JOIN owners AS o
  ON o.consumer_id = s.consumer_id
  AND o.day = s.day
LEFT JOIN team_version AS t
  ON t.team = o.team
  AND t.day_from <= s.day
  AND s.day < t.day_until
