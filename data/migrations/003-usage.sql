-- Files of usage facts of a unit. Grain: unit and kind of fact.
CREATE TABLE unit_fact (
  source VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  cluster VARCHAR NOT NULL,
  day VARCHAR NOT NULL,
  parquet VARCHAR NOT NULL,
  parquet_sha256 VARCHAR NOT NULL,
  rows BIGINT NOT NULL
);

-- Seconds of container usage a unit covers, over all nodes; NULL for units that are not about usage.
ALTER TABLE unit ADD COLUMN coverage BIGINT;
