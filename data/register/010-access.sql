-- Who may come in: tokens of scripts and sessions of people. What either of them presents is kept as a
-- hash; a session's refresh token is sealed with a key that only the cookie holds. A copy of these
-- tables opens nothing. Written and read by: data/register/access.ts.
-- Grain: one token.
CREATE TABLE access_token (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  roles TEXT NOT NULL,
  teams TEXT,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  revoked_at TEXT,
  last_used_at TEXT
) STRICT;
-- Grain: one session.
CREATE TABLE access_session (
  hash TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  teams TEXT,
  refresh TEXT,
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  checked_at INTEGER NOT NULL
) STRICT;
