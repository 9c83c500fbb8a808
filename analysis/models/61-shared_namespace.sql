-- Namespaces whose cost the others share, by configuration. Grain: cluster, namespace.
-- Reads: consumer, shared_pattern. Read by: pool, receiver.
SELECT DISTINCT
  c.cluster AS cluster,
  c.namespace AS namespace
FROM consumer AS c
JOIN shared_pattern AS p
  ON like_escape(lower(c.namespace), p.pattern, '\')
WHERE c.namespace <> ''
