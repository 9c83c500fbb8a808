-- What every shape is typed with. Reads: text as written. Read by: the SELECTs that `typed.ts` builds.

-- An amount with an exponent, written out. The engine's own cast rounds such text by the first digit
-- that is not zero, wherever it stands: 0.005E-17 would become 10^-18. The lambda names the pieces once;
-- a macro repeats its arguments, and planning 30 columns of that took longer than reading a small file.
CREATE OR REPLACE TEMP MACRO written_out(t) AS
  list_transform(
    [struct_pack(
      digits := replace(ltrim(split_part(lower(t), 'e', 1), '+-'), '.', ''),
      point := length(split_part(ltrim(split_part(lower(t), 'e', 1), '+-'), '.', 1)) + TRY_CAST(ltrim(split_part(lower(t), 'e', 2), '+') AS INTEGER)
    )],
    lambda x: concat(
      CASE WHEN starts_with(t, '-') THEN '-0' ELSE '0' END,
      left(x.digits || repeat('0', greatest(x.point - length(x.digits), 0)), greatest(x.point, 0)),
      '.',
      repeat('0', greatest(-x.point, 0)),
      substr(x.digits, greatest(x.point, 0) + 1)
    )
  )[1];

-- Exact: DECIMAL(18,x) is 8-byte arithmetic and parses 30 times faster than DECIMAL(38,18), a hundred
-- times where digits must be rounded off; so text goes through it whole or in halves, and the 19th
-- decimal is looked at by us. Only what is longer still, or oddly written, takes the slow road.
CREATE OR REPLACE TEMP MACRO money(t) AS
  CASE
    WHEN regexp_full_match(t, '-?[0-9]{1,4}(\.[0-9]{1,14})?')
      THEN CAST(CAST(t AS DECIMAL(18,14)) AS DECIMAL(38,18))
    WHEN regexp_full_match(t, '-?[0-9]{1,17}\.[0-9]{1,18}')
      THEN CAST(CAST(split_part(t, '.', 1) AS BIGINT) AS DECIMAL(38,18))
         + CAST(CAST((CASE WHEN starts_with(t, '-') THEN '-0.' ELSE '0.' END) || split_part(t, '.', 2) AS DECIMAL(18,18)) AS DECIMAL(38,18))
    WHEN regexp_full_match(t, '-?[0-9]{1,17}\.[0-9]{19,}')
      THEN CAST(CAST(split_part(t, '.', 1) AS BIGINT) AS DECIMAL(38,18))
         + CAST(CAST((CASE WHEN starts_with(t, '-') THEN '-0.' ELSE '0.' END) || substr(split_part(t, '.', 2), 1, 18) AS DECIMAL(18,18)) AS DECIMAL(38,18))
         + CASE
             WHEN substr(split_part(t, '.', 2), 19, 1) < '5' THEN CAST(0 AS DECIMAL(38,18))
             WHEN starts_with(t, '-') THEN CAST('-0.000000000000000001' AS DECIMAL(38,18))
             ELSE CAST('0.000000000000000001' AS DECIMAL(38,18))
           END
    WHEN regexp_full_match(t, '[+-]?([0-9]{1,40}(\.[0-9]{0,60})?|\.[0-9]{1,60})([eE][+-]?[0-9]{1,3})?')
      THEN TRY_CAST(CASE WHEN contains(lower(t), 'e') THEN written_out(t) ELSE t END AS DECIMAL(38,18))
  END;

-- What rounding to 18 digits took from one amount: as written minus stored; NULL where nothing.
CREATE OR REPLACE TEMP MACRO plain_residue(t) AS
  CASE
    WHEN length(split_part(t, '.', 2)) > 18
      THEN nullif(
        (CASE WHEN starts_with(t, '-') THEN -1 ELSE 1 END) * (
          CAST('0.' || repeat('0', 18) || substr(split_part(t, '.', 2), 19, 18) AS DECIMAL(37,36))
        - CASE WHEN substr(split_part(t, '.', 2), 19, 1) >= '5' THEN CAST('0.000000000000000001' AS DECIMAL(37,36)) ELSE CAST(0 AS DECIMAL(37,36)) END
        ),
        0
      )
  END;
CREATE OR REPLACE TEMP MACRO residue(t, stored) AS
  CASE
    WHEN stored IS NULL
      THEN NULL
    WHEN contains(t, 'e') OR contains(t, 'E')
      THEN list_transform([written_out(t)], lambda x: plain_residue(x))[1]
    WHEN length(t) >= 20
      THEN plain_residue(t)
  END;

-- ISO 8601 as FOCUS writes it, with and without seconds, zone and T; nothing is guessed. Fractions of
-- a second may have seven digits, as .NET writes them; the engine reads six.
CREATE OR REPLACE TEMP MACRO iso_plain(t) AS
  try_strptime(t, ['%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%MZ', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M', '%Y-%m-%d', '%Y-%m-%dT%H:%M:%S.%fZ', '%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%d %H:%M:%S+00', '%Y-%m-%dT%H:%M:%S+00:00']);
CREATE OR REPLACE TEMP MACRO iso_time(t) AS
  coalesce(iso_plain(t), iso_plain(regexp_replace(t, '(\.[0-9]{6})[0-9]{1,3}', '\1')));

-- A day of a legacy export: month first, always; or ISO. Never day first.
CREATE OR REPLACE TEMP MACRO us_time(t) AS
  try_strptime(t, ['%m/%d/%Y', '%Y-%m-%d', '%m/%d/%Y %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S+00', '%Y-%m-%dT%H:%MZ']);

-- A time a bill can be about; what lies outside is a defect of the row.
CREATE OR REPLACE TEMP MACRO sane_time(t) AS
  CASE WHEN t >= TIMESTAMP '2000-01-01' AND t < TIMESTAMP '2100-01-01' THEN t END;
