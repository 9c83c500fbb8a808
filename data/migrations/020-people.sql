-- People as a directory knows them, by pseudonym. Grain: source, person, stretch of days [valid_from,
-- valid_to); NULL: always, or still. Written by ingest/directory only.
CREATE TABLE person (
  source VARCHAR NOT NULL,
  person VARCHAR NOT NULL,
  -- Pseudonyms of the other names they go by: an object id, a user principal name.
  aliases VARCHAR[] NOT NULL,
  manager VARCHAR,
  team VARCHAR,
  valid_from VARCHAR,
  valid_to VARCHAR
);

-- Who created a namespace, by the API server's own audit log. Grain: one successful create call.
-- Written by ingest/kubernetes-audit only.
CREATE TABLE namespace_created (
  source VARCHAR NOT NULL,
  cluster VARCHAR NOT NULL,
  namespace VARCHAR NOT NULL,
  created_at VARCHAR NOT NULL,
  -- A pseudonym, or a service account's own name: that is no person.
  who VARCHAR NOT NULL,
  is_person BOOLEAN NOT NULL
);
