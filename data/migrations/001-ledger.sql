-- The ledger of what was taken in. Grain: unit (source, unit); written only with the unit's rows.
CREATE TABLE unit (
  source VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  type VARCHAR NOT NULL,
  dataset VARCHAR NOT NULL,
  scope VARCHAR,
  export_name VARCHAR,
  run VARCHAR,
  submitted_at VARCHAR,
  fingerprint VARCHAR NOT NULL,
  content_hash VARCHAR NOT NULL,
  months VARCHAR[] NOT NULL,
  rows BIGINT NOT NULL,
  promised BIGINT,
  rejected BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  loaded_at VARCHAR NOT NULL
);

-- One typed file of cost lines of a unit, and the landed bytes it was made from.
CREATE TABLE unit_part (
  source VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  file VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  landed VARCHAR NOT NULL,
  bytes BIGINT NOT NULL,
  parquet VARCHAR,
  parquet_sha256 VARCHAR,
  rows BIGINT NOT NULL
);

-- Control totals of what is stored. Grain: unit, month, currency.
CREATE TABLE unit_control (
  source VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  month VARCHAR NOT NULL,
  currency VARCHAR NOT NULL,
  rows BIGINT NOT NULL,
  billed DECIMAL(38,18),
  effective DECIMAL(38,18),
  list DECIMAL(38,18),
  contracted DECIMAL(38,18),
  billed_nulls BIGINT NOT NULL,
  effective_nulls BIGINT NOT NULL,
  list_nulls BIGINT NOT NULL,
  contracted_nulls BIGINT NOT NULL,
  rounded DECIMAL(38,36) NOT NULL
);

-- Which sub accounts a unit bills, so that two exports of one subscription are seen.
CREATE TABLE unit_sub_account (
  source VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  month VARCHAR NOT NULL,
  sub_account VARCHAR NOT NULL
);

-- Rows that could not be read, with where and why. Grain: one rejected row.
CREATE TABLE quarantine (
  source VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  file VARCHAR NOT NULL,
  line BIGINT,
  reason VARCHAR NOT NULL,
  text VARCHAR NOT NULL,
  month VARCHAR,
  currency VARCHAR,
  amount DECIMAL(38,18)
);

-- Every run of a unit that was ever loaded; superseded ones keep their control totals.
CREATE TABLE unit_run (
  source VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  run VARCHAR,
  submitted_at VARCHAR,
  content_hash VARCHAR NOT NULL,
  rows BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  totals VARCHAR NOT NULL,
  loaded_at VARCHAR NOT NULL
);

-- The month's total as the provider states it.
CREATE TABLE stated_total (
  source VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  month VARCHAR NOT NULL,
  currency VARCHAR NOT NULL,
  measure VARCHAR NOT NULL,
  amount DECIMAL(38,18) NOT NULL,
  as_of VARCHAR NOT NULL
);
