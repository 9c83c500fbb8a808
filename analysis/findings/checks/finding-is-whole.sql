-- Findings of now that lack an owner, evidence, money or since. Grain: finding, what it lacks.
-- Reads: finding, finding_claim, span. Read by: the checks on findings.
-- What the re-pack adds to every finding of a pool is not yet evidence of its own. Money is a cost, and a
-- saving unless another finding claims it or more is called for, not less.
WITH
found AS (
  SELECT
    f.*,
    json_transform(f.evidence, '[{"fact": "VARCHAR", "value": "VARCHAR"}]') AS told
  FROM finding AS f
  WHERE f.id IN (SELECT finding FROM finding_claim)
),
lacks AS (
  SELECT
    id AS finding,
    unnest([
      CASE WHEN coalesce(team, '') = '' THEN 'an owner' END,
      CASE WHEN coalesce(subject, '') = '' OR coalesce(name, '') = '' OR coalesce(currency, '') = '' THEN 'a subject, a name or a currency' END,
      CASE
        WHEN coalesce(len(list_filter(told, lambda t: NOT starts_with(t.fact, 'nodes freed in pool'))), 0) = 0
          OR len(list_filter(told, lambda t: coalesce(t.fact, '') = '' OR coalesce(t.value, '') = '')) > 0
          THEN 'evidence'
      END,
      CASE WHEN since IS NULL OR since > greatest(window_until, last_seen) THEN 'a day since when' END,
      CASE WHEN cost IS NULL OR cost <= 0 THEN 'a cost' END,
      CASE
        WHEN claimed_by IS NULL AND kind <> 'undersized-container' AND coalesce(paper, 0) <= 0
          THEN 'a saving'
      END,
      CASE WHEN confidence IS NULL OR confidence NOT IN ('high', 'medium', 'low') THEN 'a confidence' END
    ]) AS problem
  FROM found
)
SELECT
  finding AS finding,
  'lacks ' || problem AS problem
FROM lacks
WHERE problem IS NOT NULL
