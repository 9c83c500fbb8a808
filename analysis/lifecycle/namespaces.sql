-- Every namespace a cluster has, with what stands in it and when it last changed. Grain: cluster,
-- namespace. Starts from the Kubernetes API's list, so that one without any workload or cost is seen.
-- Reads: inventory, inventory_scan. Read by: facts.ts. Parameters: $sources.
-- A change is what people and pipelines do: not a status that a controller writes, not a pod or a
-- replica set, and not our own scaling down, which leaves our annotation.
WITH
kept AS (
  SELECT
    cluster AS cluster,
    kind AS kind,
    CASE WHEN kind = 'Namespace' THEN name ELSE namespace END AS namespace,
    name AS name,
    uid AS uid,
    valid_from AS valid_from,
    valid_to AS valid_to,
    labels AS labels,
    CAST(json_merge_patch(annotations, '{"apportion.io/original-replicas":null,"apportion.io/original-suspend":null,"apportion.io/quarantined":null,"apportion.io/original-min":null}') AS VARCHAR) AS annotations,
    annotations AS all_annotations,
    spec AS spec,
    owner_kind AS owner_kind,
    owner_name AS owner_name,
    CAST(json_merge_patch(spec, '{"phase":null,"addresses":null,"finishedAt":null,"finished":null,"startedAt":null,"deleting":null,"volume":null}') AS VARCHAR) AS wanted
  FROM inventory
  WHERE list_contains($sources, source) AND kind NOT IN ('Node', 'PersistentVolume')
),
steps AS (
  SELECT
    *,
    lag(uid) OVER w IS NOT NULL AS is_later,
    labels IS NOT DISTINCT FROM lag(labels) OVER w
      AND annotations IS NOT DISTINCT FROM lag(annotations) OVER w
      AND (
        wanted IS NOT DISTINCT FROM lag(wanted) OVER w
        OR (
          contains(all_annotations || coalesce(lag(all_annotations) OVER w, ''), 'apportion.io/original-')
          AND CAST(json_merge_patch(wanted, '{"replicas":null,"suspend":null}') AS VARCHAR)
            IS NOT DISTINCT FROM CAST(json_merge_patch(lag(wanted) OVER w, '{"replicas":null,"suspend":null}') AS VARCHAR)
        )
      ) AS is_same,
    lead(uid) OVER w IS NULL AND valid_to IS NOT NULL AS is_removed
  FROM kept
  WHERE kind NOT IN ('Pod', 'ReplicaSet')
  WINDOW w AS (PARTITION BY cluster, kind, namespace, uid ORDER BY valid_from)
),
changes AS (
  SELECT cluster AS cluster, namespace AS namespace, valid_from AS happened, kind || ' ' || name || CASE WHEN is_later THEN ' changed' ELSE ' created' END AS what
  FROM steps
  WHERE NOT (is_later AND is_same)
  UNION ALL
  SELECT cluster, namespace, valid_to, kind || ' ' || name || ' removed'
  FROM steps
  WHERE is_removed
),
last_change AS (
  SELECT cluster AS cluster, namespace AS namespace, max(happened) AS happened, arg_max(what, happened) AS what
  FROM changes
  GROUP BY cluster, namespace
),
rollouts AS (
  SELECT cluster AS cluster, namespace AS namespace, max(valid_from) AS happened
  FROM kept
  WHERE kind = 'ReplicaSet'
  GROUP BY cluster, namespace
),
now_there AS (
  SELECT * FROM kept WHERE valid_to IS NULL
),
hashes AS (
  SELECT
    cluster AS cluster,
    namespace AS namespace,
    sha256(string_agg(
      concat_ws(chr(31), kind, name, uid, labels, annotations, CAST(json_merge_patch(wanted, '{"replicas":null,"suspend":null}') AS VARCHAR)),
      chr(30) ORDER BY kind, name, uid
    )) AS hash
  FROM now_there
  -- Jobs of a cron job come and go by themselves; the cron job is what is agreed on.
  WHERE kind NOT IN ('Pod', 'ReplicaSet') AND NOT (kind = 'Job' AND coalesce(owner_kind, 'Job') <> 'Job')
  GROUP BY cluster, namespace
),
objects AS (
  SELECT
    cluster AS cluster,
    namespace AS namespace,
    count(*) FILTER (WHERE kind = 'Pod' AND json_extract_string(spec, '$.finished') IS NULL) AS running,
    to_json(list(DISTINCT {
      'kind': kind, 'name': name, 'labels': labels, 'annotations': annotations, 'spec': spec
    }) FILTER (WHERE kind NOT IN ('Pod', 'ReplicaSet', 'Namespace'))) AS things,
    to_json(list(DISTINCT {'kind': owner_kind, 'name': owner_name}) FILTER (WHERE kind = 'Pod')) AS owners
  FROM now_there
  GROUP BY cluster, namespace
),
scans AS (
  SELECT
    cluster AS cluster,
    min(last_at) AS oldest,
    max(last_at) AS newest,
    max(first_at) AS since,
    count(DISTINCT kind) AS kinds
  FROM inventory_scan
  WHERE list_contains($sources, source) AND kind NOT IN ('Rollout', 'SleepInfo', 'ScaledObject', 'Application', 'Kustomization', 'User', 'ProjectRoleTemplateBinding')
  GROUP BY cluster
)
SELECT
  n.cluster AS cluster,
  n.name AS name,
  n.uid AS uid,
  json_extract_string(n.spec, '$.created') AS created,
  json_extract_string(n.spec, '$.deleting') AS deleting,
  n.labels AS labels,
  n.annotations AS annotations,
  c.happened AS changed_at,
  c.what AS changed_what,
  r.happened AS rolled_at,
  h.hash AS hash,
  o.running AS running,
  CAST(o.things AS VARCHAR) AS things,
  s.oldest AS scanned_oldest,
  s.newest AS scanned_newest,
  s.since AS history_since,
  s.kinds AS kinds
FROM now_there AS n
LEFT JOIN last_change AS c ON c.cluster = n.cluster AND c.namespace = n.name
LEFT JOIN rollouts AS r ON r.cluster = n.cluster AND r.namespace = n.name
LEFT JOIN hashes AS h ON h.cluster = n.cluster AND h.namespace = n.name
LEFT JOIN objects AS o ON o.cluster = n.cluster AND o.namespace = n.name
LEFT JOIN scans AS s ON s.cluster = n.cluster
WHERE n.kind = 'Namespace'
ORDER BY n.cluster, n.name
