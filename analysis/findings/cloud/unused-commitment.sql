-- Reservations and savings plans of which a tenth or more went unused in the last 30 days.
-- Reads: commitment, span. Read by: the ledger.
-- Columns as every finding's: analysis/findings/cloud/kinds.ts.
-- Already paid, so nothing of it can be realised by switching off: its owner uses, exchanges or returns it.
SELECT
  c.commitment AS subject,
  CAST(NULL AS VARCHAR) AS cluster,
  CAST(NULL AS VARCHAR) AS namespace,
  c.name AS name,
  ['commitment:' || c.commitment] AS accounts,
  c.currency AS currency,
  c.since AS since,
  c.since <= s.seen_from AS since_at_least,
  'high' AS confidence,
  [
    {'fact': 'unused, last 30 days', 'value': CAST(c.unused AS VARCHAR)},
    {'fact': 'used, last 30 days', 'value': CAST(c.used AS VARCHAR)},
    {'fact': 'days with unused parts', 'value': CAST(c.days AS VARCHAR)},
    {'fact': 'used by', 'value': coalesce(nullif(c.users, ''), 'nobody')}
  ] AS evidence
FROM commitment AS c
CROSS JOIN span AS s
WHERE c.unused > 0
  AND c.unused * 10 >= c.used + c.unused
