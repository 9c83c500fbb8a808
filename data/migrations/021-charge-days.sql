-- The days that a month's lines were charged on: what of usage a month is made from. Found when a build first
-- meets the month's files, so that later builds need not read them to see that nothing changed.
-- Grain: month, day. Written by build only.
CREATE TABLE charge_day (
  month VARCHAR NOT NULL,
  -- A hash of the months' files by their own hashes.
  files VARCHAR NOT NULL,
  day VARCHAR NOT NULL
);
