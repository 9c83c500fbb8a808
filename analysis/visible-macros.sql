-- What the queries compute beside the models' own macros, for a session that only reads.
-- The part of an amount between two marks of a whole, in 1e-18: floors of the running part, so that the
-- parts of a whole add up to the amount whatever its digits. Marks and whole are at most 10^12.
CREATE OR REPLACE MACRO running_part(units, mark, whole) AS
  int_div(units, whole) * mark + int_div((units % whole) * mark, whole);
CREATE OR REPLACE MACRO portion_of(amount, low, high, whole) AS
  amount_of(running_part(units_of(amount), high, whole) - running_part(units_of(amount), low, whole));
