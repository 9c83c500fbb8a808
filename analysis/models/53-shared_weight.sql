-- By what the cost of a shared service is divided. Grain: service, day, consumer (unscaled, positive).
-- Reads: cluster_line, shared_cost, shared_weight_row, shared_consumer, shared_taker, driver_hour,
-- team_version. Read by: split, consumer, weight.
-- The first that says anything: 1 the driver that day; 2 the driver over that calendar month; 3 the
-- weights in force that day; 4 the month's first weights; 5 evenly. Which one it was is `basis`.
WITH
wanted AS (
  SELECT DISTINCT
    split_key AS name,
    day AS day
  FROM cluster_line
  WHERE split_kind = 'shared'
),
driver_day AS (
  SELECT
    h.driver AS driver,
    day_of(h.hour) AS day,
    h.consumer AS consumer,
    sum(CAST(h.quantity AS HUGEINT)) AS quantity
  FROM driver_hour AS h
  GROUP BY
    h.driver,
    day_of(h.hour),
    h.consumer
  HAVING sum(CAST(h.quantity AS HUGEINT)) > 0
),
driver_month AS (
  SELECT
    driver AS driver,
    date_trunc('month', day) AS month,
    consumer AS consumer,
    sum(quantity) AS quantity
  FROM driver_day
  GROUP BY
    driver,
    date_trunc('month', day),
    consumer
),
-- The set of weights a day finds: the newest begun; else the first that begins in its month.
sets AS (
  SELECT
    w.name AS name,
    w.day AS day,
    max(r.day_from) FILTER (r.day_from <= w.day) AS in_force,
    min(r.day_from) FILTER (r.day_from > w.day AND date_trunc('month', r.day_from) = date_trunc('month', w.day)) AS first_of_month
  FROM wanted AS w
  JOIN shared_weight_row AS r
    ON r.name = w.name
    AND r.weight > 0
  GROUP BY
    w.name,
    w.day
),
-- Who is known where nothing says how much: the list, else whom the weights name, else whom the driver
-- names on any day that is looked at; an even split without a list is over all teams.
known AS (
  SELECT DISTINCT name AS name, consumer AS consumer, 1 AS rank FROM shared_consumer
  UNION ALL
  SELECT DISTINCT name, consumer, 2 FROM shared_weight_row WHERE weight > 0
  UNION ALL
  SELECT DISTINCT s.name, d.consumer, 3 FROM driver_day AS d JOIN shared_cost AS s ON s.driver = d.driver
  UNION ALL
  SELECT DISTINCT s.name, 'team:' || v.team, 4 FROM team_version AS v JOIN shared_cost AS s ON s.is_even
),
candidate AS (
  SELECT
    w.name AS name,
    w.day AS day,
    1 AS choice,
    d.consumer AS consumer,
    d.quantity AS weight,
    concat('by driver ', s.driver) AS basis
  FROM wanted AS w
  JOIN shared_cost AS s
    ON s.name = w.name
  JOIN driver_day AS d
    ON d.driver = s.driver
    AND d.day = w.day
  UNION ALL
  SELECT w.name, w.day, 2, d.consumer, d.quantity, concat('by driver ', s.driver, ' over the month (it says nothing that day)')
  FROM wanted AS w
  JOIN shared_cost AS s
    ON s.name = w.name
  JOIN driver_month AS d
    ON d.driver = s.driver
    AND d.month = date_trunc('month', w.day)
  UNION ALL
  SELECT
    e.name,
    e.day,
    CASE WHEN e.in_force IS NOT NULL THEN 3 ELSE 4 END,
    r.consumer,
    CAST(r.weight AS HUGEINT),
    concat(
      CASE WHEN e.in_force IS NOT NULL THEN 'by the weights from ' ELSE 'by the month''s first weights, from ' END, r.day_from,
      coalesce(concat(' (driver ', s.driver, ' says nothing that month)'), '')
    )
  FROM sets AS e
  JOIN shared_cost AS s
    ON s.name = e.name
  JOIN shared_weight_row AS r
    ON r.name = e.name
    AND r.day_from = coalesce(e.in_force, e.first_of_month)
    AND r.weight > 0
  UNION ALL
  SELECT
    w.name,
    w.day,
    5,
    k.consumer,
    CAST(1 AS HUGEINT),
    concat(
      'evenly',
      CASE
        WHEN s.is_even THEN ''
        WHEN s.driver IS NOT NULL THEN concat(' (driver ', s.driver, ' says nothing that month)')
        ELSE ' (no weights that month)'
      END
    )
  FROM wanted AS w
  JOIN shared_cost AS s
    ON s.name = w.name
  JOIN (SELECT k.*, min(k.rank) OVER (PARTITION BY k.name) AS best FROM known AS k) AS k
    ON k.name = w.name
    AND k.rank = k.best
),
chosen AS (
  SELECT
    c.*,
    min(c.choice) OVER (PARTITION BY c.name, c.day) AS best
  FROM candidate AS c
)
SELECT
  c.name AS name,
  c.day AS day,
  t.cluster AS cluster,
  t.namespace AS namespace,
  t.workload_kind AS workload_kind,
  t.workload AS workload,
  concat('shared ', c.name, ' ', any_value(c.basis)) AS basis,
  sum(c.weight) AS weight
FROM chosen AS c
JOIN shared_taker AS t
  ON t.consumer = c.consumer
WHERE c.choice = c.best
GROUP BY
  c.name,
  c.day,
  t.cluster,
  t.namespace,
  t.workload_kind,
  t.workload
