-- What the queries compute beside the models' own macros, for a session that only reads.
-- The share that a weight of a split has in an amount: what the build computed when it added shares up.
CREATE OR REPLACE MACRO portion_of(amount, weight, mark, whole) AS
  amount_of(share_of(times_in(amount, whole), rest_in(amount, whole), weight, mark, whole));
