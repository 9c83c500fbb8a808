-- Findings of now whose amounts are out of order. Grain: finding. Reads: finding, finding_claim. Read by: the
-- checks on findings.
-- 0 <= realisable <= paper <= cost, and what another finding claims is nothing here.
SELECT
  f.id AS finding,
  concat('realisable ', f.realisable, ', paper ', f.paper, ', cost ', f.cost, ', extra ', f.extra, ', claimed by ', f.claimed_by) AS problem
FROM finding AS f
LEFT JOIN finding AS c
  ON c.id = f.claimed_by
  AND c.resolved_on IS NULL
WHERE f.id IN (SELECT finding FROM finding_claim)
  AND NOT coalesce(
    f.realisable >= 0
    AND f.realisable <= f.paper
    AND f.paper <= f.cost
    AND f.extra >= 0
    AND (f.claimed_by IS NULL OR (f.paper = 0 AND f.realisable = 0 AND c.id IS NOT NULL AND c.id <> f.id AND c.claimed_by IS NULL)),
    false
  )
