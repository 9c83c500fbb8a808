-- Lives of namespaces: what happened, in order; what the last scan saw; what people asked a worker to
-- do. Read and written by namespaces.ts.
CREATE TABLE namespace_event (
  cluster TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, n INTEGER NOT NULL, event TEXT NOT NULL,
  PRIMARY KEY (cluster, name, uid, n));
CREATE TABLE namespace_seen (
  cluster TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, seen TEXT NOT NULL,
  PRIMARY KEY (cluster, name));
CREATE TABLE namespace_intent (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, cluster TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,
  action TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, done_at TEXT, result TEXT);
CREATE TABLE link_key (one INTEGER PRIMARY KEY CHECK (one = 1), key TEXT NOT NULL);
