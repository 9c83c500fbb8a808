-- What the models need of the engine, under names of ours: a second engine brings its own file.
-- An amount as a whole number of 1e-18 of the currency, and back; exact both ways.
CREATE OR REPLACE TEMP MACRO units_of(amount) AS
  CAST(trunc(amount) AS HUGEINT) * 1000000000000000000
    + CAST(CAST(amount - trunc(amount) AS DECIMAL(18,18)) * CAST(1000000000000000000 AS DECIMAL(19,0)) AS HUGEINT);
CREATE OR REPLACE TEMP MACRO amount_of(units) AS
  CAST(CAST(units // 1000000000000000000 AS DECIMAL(20,0)) AS DECIMAL(38,18))
    + CAST(CAST(units % 1000000000000000000 AS DECIMAL(18,0)) * CAST(0.000000000000000001 AS DECIMAL(18,18)) AS DECIMAL(38,18));
-- Integer division, towards zero.
CREATE OR REPLACE TEMP MACRO int_div(a, b) AS a // b;
-- The UTC day of a second since 1970.
CREATE OR REPLACE TEMP MACRO day_of(seconds) AS CAST(make_timestamp(seconds * 1000000) AS DATE);
-- An instance number as AKS writes it at the end of a node's name: six base-36 digits.
CREATE OR REPLACE TEMP MACRO base36(digits) AS
  list_sum(list_transform(range(1, 7), i -> CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', substr(digits, i, 1)) - 1 AS BIGINT) * CAST(pow(36, 6 - i) AS BIGINT)));
