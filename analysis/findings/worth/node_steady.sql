-- Nodes of one pool, seen in every hour from their first in the window to their last. Grain: node (hash).
-- Reads: pool_node_hour. Read by: container_steady.
WITH
days AS (
  SELECT
    node_hash AS node_hash,
    int_div(hour, 86400) AS day_no,
    min(pool) AS pool,
    max(pool) AS other_pool,
    min(hour) AS first_hour,
    max(hour) AS last_hour,
    count(*) AS rows,
    bit_count(bit_or(1 << CAST(int_div(hour % 86400, 3600) AS INTEGER))) AS hours
  FROM pool_node_hour
  GROUP BY
    node_hash,
    int_div(hour, 86400)
)
SELECT
  node_hash AS node_hash,
  min(pool) AS pool,
  min(first_hour) AS first_hour,
  max(last_hour) AS last_hour
FROM days
GROUP BY
  node_hash
HAVING min(pool) = max(other_pool)
  AND sum(rows) = sum(hours)
  AND sum(hours) = int_div(max(last_hour) - min(first_hour), 3600) + 1
