-- How much of the node time on the bill has usage data, cluster by cluster, within the tolerance. The
-- rest is on __no_usage_data__, not on someone.
SELECT
  CAST(NULL AS VARCHAR) AS currency,
  int_div(10000 * sum(least(covered_s, billed_s)), sum(billed_s)) >= CAST($coverage AS BIGINT) AS ok,
  concat(
    cluster, ': usage covers ', int_div(sum(least(covered_s, billed_s)), 3600), ' of ', int_div(sum(billed_s), 3600), ' billed node hours (',
    CAST(int_div(1000 * sum(least(covered_s, billed_s)), sum(billed_s)) AS DECIMAL(18,0)) / 10, ' %)'
  ) AS detail
FROM node_day
WHERE billed_s > 0
GROUP BY
  cluster
ORDER BY
  cluster
