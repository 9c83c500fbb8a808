-- What stood in a cluster, when. Grain: one stretch [valid_from, valid_to) of one object in which
-- nothing about it changed; valid_to NULL: still. Times are ISO 8601 UTC with milliseconds.
-- Written by ingest/kubernetes only.
CREATE TABLE inventory (
  source VARCHAR NOT NULL,
  cluster VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  -- '' for what belongs to the whole cluster.
  namespace VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  uid VARCHAR NOT NULL,
  valid_from VARCHAR NOT NULL,
  valid_to VARCHAR,
  -- Before this instant, the first scan that saw it, all but its creation is assumed.
  assumed_until VARCHAR,
  -- JSON objects.
  labels VARCHAR NOT NULL,
  annotations VARCHAR NOT NULL,
  -- The controller at the top of the chain; of a pod without one, the pod itself.
  owner_kind VARCHAR,
  owner_name VARCHAR,
  -- A node's provider id in lower case without azure://, else name:NODE; of a Node and of a bound Pod.
  node VARCHAR,
  -- JSON object; its keys are documented per kind in ingest/kubernetes/facts/.
  spec VARCHAR NOT NULL
);

-- How fresh the history is. Grain: source, cluster, kind; a kind that was never read has no row.
CREATE TABLE inventory_scan (
  source VARCHAR NOT NULL,
  cluster VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  -- The first and the last scan that read the kind to its end.
  first_at VARCHAR NOT NULL,
  last_at VARCHAR NOT NULL,
  objects BIGINT NOT NULL
);
