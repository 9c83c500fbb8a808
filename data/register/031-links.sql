-- Links of messages that were followed: each does what it says once. Read and written by namespaces.ts.
CREATE TABLE link_used (signature TEXT PRIMARY KEY, at TEXT NOT NULL);
