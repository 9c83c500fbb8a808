-- What the models need of the engine, under names of ours: a second engine brings its own file.
-- An amount as a whole number of 1e-18 of the currency, and back; exact both ways. By way of text and of
-- a product: dividing 128-bit numbers costs the engine a microsecond each, thirty times as much.
CREATE OR REPLACE TEMP MACRO units_of(amount) AS
  CAST(replace(CAST(CAST(amount AS DECIMAL(38,18)) AS VARCHAR), '.', '') AS HUGEINT);
CREATE OR REPLACE TEMP MACRO amount_of(units) AS
  CAST(CAST(units AS DECIMAL(38,0)) * CAST(0.000000000000000001 AS DECIMAL(18,18)) AS DECIMAL(38,18));
-- Integer division, towards zero.
CREATE OR REPLACE TEMP MACRO int_div(a, b) AS a // b;
-- a × b ÷ c, rounded down, for 0 ≤ a ≤ c and b below 2^49: by a guess that is at most one off, put right by
-- exact products.
CREATE OR REPLACE TEMP MACRO part_guess(a, b, c) AS
  CAST(CAST(a AS DOUBLE) * CAST(b AS DOUBLE) / CAST(c AS DOUBLE) AS HUGEINT);
CREATE OR REPLACE TEMP MACRO part_of(a, b, c) AS
  part_guess(a, b, c) + CASE
    WHEN part_guess(a, b, c) * c > CAST(a AS HUGEINT) * b THEN -1
    WHEN (part_guess(a, b, c) + 1) * c <= CAST(a AS HUGEINT) * b THEN 1
    ELSE 0
  END;
-- weight × 10^12 ÷ whole, rounded down (0 ≤ weight ≤ whole, less than 10^26): a guess that is at most one off, put right
-- by exact products.
CREATE OR REPLACE TEMP MACRO scale_guess(weight, whole) AS
  CAST(CAST(weight AS DOUBLE) / CAST(whole AS DOUBLE) * 1000000000000 AS HUGEINT);
CREATE OR REPLACE TEMP MACRO scaled_weight(weight, whole) AS
  scale_guess(weight, whole) + CASE
    WHEN scale_guess(weight, whole) * whole > CAST(weight AS HUGEINT) * 1000000000000 THEN -1
    WHEN (scale_guess(weight, whole) + 1) * whole <= CAST(weight AS HUGEINT) * 1000000000000 THEN 1
    ELSE 0
  END;
-- Long division of units (0 to 10^38) by a whole of at most 10^12, 22 bits a step, in 64-bit numbers: what
-- is left over after each step, and what follows with it.
CREATE OR REPLACE TEMP MACRO digit_of(units, shift) AS
  CAST((units >> shift) & 4194303 AS BIGINT);
CREATE OR REPLACE TEMP MACRO carried_1(units, whole) AS
  CAST(units >> 66 AS BIGINT) % whole * 4194304 + digit_of(units, 44);
CREATE OR REPLACE TEMP MACRO carried_2(units, whole) AS
  carried_1(units, whole) % whole * 4194304 + digit_of(units, 22);
CREATE OR REPLACE TEMP MACRO carried_3(units, whole) AS
  carried_2(units, whole) % whole * 4194304 + digit_of(units, 0);
-- How often the whole goes into units, and what is left over (less than the whole).
CREATE OR REPLACE TEMP MACRO times_whole(units, whole) AS
  CAST(CAST(units >> 66 AS BIGINT) // whole AS HUGEINT) * 73786976294838206464
    + CAST(carried_1(units, whole) // whole AS HUGEINT) * 17592186044416
    + carried_2(units, whole) // whole * 4194304
    + carried_3(units, whole) // whole;
CREATE OR REPLACE TEMP MACRO left_over(units, whole) AS
  carried_3(units, whole) % whole;
-- The same of an amount of either sign: it is divided as a positive one, and both take its sign.
CREATE OR REPLACE TEMP MACRO sign_of(amount) AS CASE WHEN amount < 0 THEN -1 ELSE 1 END;
CREATE OR REPLACE TEMP MACRO times_in(amount, whole) AS
  times_whole(units_of(abs(amount)), whole) * sign_of(amount);
CREATE OR REPLACE TEMP MACRO rest_in(amount, whole) AS
  left_over(units_of(abs(amount)), whole) * sign_of(amount);
-- rest × mark ÷ whole, rounded towards zero, in two steps of six digits: rest and mark are at most the
-- whole, the whole at most 10^12. High and low are the mark's millions and what is left of it, which are the
-- same for all lines of a split.
CREATE OR REPLACE TEMP MACRO part_up_to_digits(rest, high, low, whole) AS
  (rest * high) // whole * 1000000 + ((rest * high) % whole * 1000000 + rest * low) // whole;
CREATE OR REPLACE TEMP MACRO part_up_to(rest, mark, whole) AS
  part_up_to_digits(rest, mark // 1000000, mark % 1000000, whole);
-- The share of one weight in an amount that goes `times` into its whole and leaves `rest`: the running
-- part up to its mark less the running part before it. Shares of a whole add up to the amount by construction.
CREATE OR REPLACE TEMP MACRO share_of(times, rest, weight, mark, whole) AS
  times * weight + (part_up_to(rest, mark, whole) - part_up_to(rest, mark - weight, whole));
-- The same, of marks whose digits are known.
CREATE OR REPLACE TEMP MACRO share_of_digits(times, rest, weight, high, low, high_before, low_before, whole) AS
  times * weight + (part_up_to_digits(rest, high, low, whole) - part_up_to_digits(rest, high_before, low_before, whole));
-- The UTC day of a second since 1970.
CREATE OR REPLACE TEMP MACRO day_of(seconds) AS CAST(make_timestamp(seconds * 1000000) AS DATE);
-- An instance number as AKS writes it at the end of a node's name: six base-36 digits.
CREATE OR REPLACE TEMP MACRO base36(digits) AS
  list_sum(list_transform(range(1, 7), i -> CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', substr(digits, i, 1)) - 1 AS BIGINT) * CAST(pow(36, 6 - i) AS BIGINT)));
