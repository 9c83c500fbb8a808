-- Rejected rows within the tolerance, in number and in money; a row whose amount cannot be read
-- exceeds every tolerance of money but counts once in rows.
SELECT
  currency AS currency,
  count(*) <= CAST($tolerated_rows AS BIGINT) AND coalesce(sum(abs(amount)), 0) <= CAST($tolerated_amount AS DECIMAL(38,18)) AS ok,
  concat(count(*), ' rows rejected, worth ', coalesce(sum(amount), 0), CASE WHEN count(*) > count(amount) THEN concat(' and ', count(*) - count(amount), ' of unknown amount') ELSE '' END, '; see the Data page or "apportion sources"') AS detail
FROM rejected
GROUP BY currency
ORDER BY currency
