-- Findings over time. Grain: one finding, by its id (a hash of its kind and subject).
-- Written by builds, so that what was found when, and what came of it, outlives every publish.
-- Written and read by: data/register/findings.ts.
CREATE TABLE finding_seen (
  id TEXT PRIMARY KEY,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  -- The first day it was looked for and not found; NULL: open.
  resolved_on TEXT,
  -- What was found last, as JSON.
  finding TEXT NOT NULL
) STRICT;
-- What people said not to act on. Grain: one finding; a later word replaces the one before.
CREATE TABLE finding_dismissed (
  id TEXT PRIMARY KEY,
  -- The last day it stays dismissed.
  until TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT;
