-- What every shape is typed with. Reads: text as written. Read by: the SELECTs that `typed.ts` builds.
-- `money` is exact: DECIMAL(18,x) is 8-byte arithmetic and parses 30 times faster than DECIMAL(38,18),
-- so plain text goes through it in one or two halves; only longer text and exponents take the slow road.
CREATE OR REPLACE TEMP MACRO money(t) AS
  CASE
    WHEN regexp_full_match(t, '-?[0-9]{1,8}(\.[0-9]{1,10})?')
      THEN CAST(CAST(t AS DECIMAL(18,10)) AS DECIMAL(38,18))
    WHEN regexp_full_match(t, '-?[0-9]{1,17}\.[0-9]{1,18}')
      THEN CAST(CAST(split_part(t, '.', 1) AS BIGINT) AS DECIMAL(38,18))
         + CAST(CAST((CASE WHEN starts_with(t, '-') THEN '-0.' ELSE '0.' END) || split_part(t, '.', 2) AS DECIMAL(18,18)) AS DECIMAL(38,18))
    WHEN regexp_full_match(t, '[+-]?([0-9]{1,40}(\.[0-9]{0,60})?|\.[0-9]{1,60})([eE][+-]?[0-9]{1,2})?')
      THEN TRY_CAST(t AS DECIMAL(38,18))
  END;

-- What rounding to 18 digits took from one amount: as written minus stored; NULL where nothing.
CREATE OR REPLACE TEMP MACRO residue(t, stored) AS
  CASE
    WHEN length(t) < 20
     AND NOT contains(lower(t), 'e')
      THEN NULL
    ELSE nullif(
      coalesce(
        TRY_CAST(t AS DECIMAL(38,36)) - TRY_CAST(stored AS DECIMAL(38,36)),
        CASE
          WHEN length(split_part(t, '.', 2)) > 18
            THEN (CASE WHEN starts_with(t, '-') THEN -1 ELSE 1 END) * (
                   CAST('0.' || repeat('0', 18) || substr(split_part(t, '.', 2), 19, 18) AS DECIMAL(37,36))
                 - CASE WHEN substr(split_part(t, '.', 2), 19, 1) >= '5' THEN CAST('0.000000000000000001' AS DECIMAL(37,36)) ELSE CAST(0 AS DECIMAL(37,36)) END
                 )
        END
      ),
      0
    )
  END;

-- ISO 8601 as FOCUS writes it, with and without seconds, zone and T; nothing is guessed.
CREATE OR REPLACE TEMP MACRO iso_time(t) AS
  try_strptime(t, ['%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%MZ', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M', '%Y-%m-%d', '%Y-%m-%dT%H:%M:%S.%fZ', '%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%d %H:%M:%S+00', '%Y-%m-%dT%H:%M:%S+00:00']);

-- A day of a legacy export: month first, always; or ISO. Never day first.
CREATE OR REPLACE TEMP MACRO us_time(t) AS
  try_strptime(t, ['%m/%d/%Y', '%Y-%m-%d', '%m/%d/%Y %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M:%S']);

-- A time a bill can be about; what lies outside is a defect of the row.
CREATE OR REPLACE TEMP MACRO sane_time(t) AS
  CASE WHEN t >= TIMESTAMP '2000-01-01' AND t < TIMESTAMP '2100-01-01' THEN t END;
