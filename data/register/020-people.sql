-- Who is behind a pseudonym. The ledger and what is published hold pseudonyms only; e-mail addresses
-- stand here, are resolved at display, and each resolving is on record. Read and written by people.ts.
CREATE TABLE person_key (one INTEGER PRIMARY KEY CHECK (one = 1), key TEXT NOT NULL);
CREATE TABLE person_name (id TEXT PRIMARY KEY, name TEXT NOT NULL);
