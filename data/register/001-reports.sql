-- What ran: each source's last reading, each unit's, what could not be read, each month's last build.
-- Written by: ingest, build. Read by: the Data page, `sources`, `check`.
CREATE TABLE IF NOT EXISTS source_report (
  name TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  last_success TEXT,
  last_attempt TEXT,
  failing_since TEXT,
  problem TEXT
);
CREATE TABLE IF NOT EXISTS unit_report (
  source TEXT NOT NULL,
  unit TEXT NOT NULL,
  report TEXT NOT NULL,
  PRIMARY KEY (source, unit)
);
CREATE TABLE IF NOT EXISTS rejected_report (
  source TEXT NOT NULL,
  unit TEXT NOT NULL,
  report TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rejected_by_unit ON rejected_report (source, unit);
CREATE TABLE IF NOT EXISTS build_report (
  month TEXT PRIMARY KEY,
  report TEXT NOT NULL
);
