/** What an auditor reads first; every command in it is run by a test. */
export const PACK_README = `What this is
============
One closed statement of cloud cost, what it was made from, and the record of who closed it.

  statement/N.csv          the statement: money by business unit, cost centre and team
  statement/N.json         its manifest: totals, what was open when it was closed, hashes
  statement/N.diff*.csv    what it changes against the statement before, where there is one
  sources.csv              the bills it was imported from
  control-totals.csv       what those bills add up to, as they were read
  reconciliation.csv       bill, attribution and the provider's own total side by side
  checks.csv               the checks of the build, with their results
  made-from/*.json         bills, usage, ownership rules and settings in force, word for word
  method.md                how a cost is attributed
  trail.tsv                the audit log up to the close: a hash, and what it is of
  SHA256SUMS               the SHA-256 of every file here

How to check it
===============
Nothing but sha256sum and a shell is needed. In the folder where this was unpacked:

1. Nothing was changed since it was packed:

   sha256sum -c SHA256SUMS

2. The statement is the one that was closed. This prints nothing:

   for f in statement/*.csv; do grep -q "$(sha256sum "$f" | cut -c1-64)" statement/*.json || echo "$f"; done

3. Bills, usage, rules and settings are those it was made from. This prints nothing:

   for f in import usage rules configuration; do grep -q "\\"$f\\":\\"$(sha256sum made-from/$f.json | cut -c1-64)" statement/*.json || echo "$f"; done

4. The trail is as it was written. This prints nothing:

   while IFS="$(printf '\\t')" read -r hash row; do
     case "$row" in "- "*) ;; *) [ "$(printf %s "$row" | sha256sum | cut -c1-64)" = "$hash" ] || echo "$hash";; esac
   done < trail.tsv

   and each row ends with the hash of the row before. This prints nothing:

   before=$(printf '%064d' 0)
   while IFS="$(printf '\\t')" read -r hash row; do
     case "$row" in "- $before"|*"\\"$before\\"]") ;; *) echo "$hash";; esac; before=$hash
   done < trail.tsv

   A row that begins with "-" is not about this month: its hash stands for it.

5. The last row of the trail closed this statement: it holds the SHA-256 of statement/N.json. This prints
   nothing:

   tail -n 1 trail.tsv | grep -q "$(sha256sum statement/*.json | cut -c1-64)" || echo "not this one"

6. The hash of the last row is in the company's own log. Ask them for: apportion audit --verify
`;
