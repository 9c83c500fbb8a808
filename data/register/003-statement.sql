-- Closed months: a row a statement; the file is beside the register, its hash here and in the audit log.
-- Grain: month, number. Written by: close. Read by: Months page, exports, `audit`, data/register/statements.ts.
CREATE TABLE statement (
  month TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  manifest TEXT NOT NULL,
  PRIMARY KEY (month, number)
) STRICT;
CREATE TRIGGER statement_is_not_changed BEFORE UPDATE ON statement
BEGIN
  SELECT raise(ABORT, 'a statement is never changed');
END;
CREATE TRIGGER statement_is_not_removed BEFORE DELETE ON statement
BEGIN
  SELECT raise(ABORT, 'a statement is never removed');
END;
-- What a build changed in a closed month, and whether finance was told. Grain: month, fingerprint of the build.
CREATE TABLE restated (
  month TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  at TEXT NOT NULL,
  number INTEGER NOT NULL,
  changes TEXT NOT NULL,
  told TEXT,
  problem TEXT,
  PRIMARY KEY (month, fingerprint)
) STRICT;
