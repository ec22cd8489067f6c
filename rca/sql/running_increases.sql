-- running_increases: increase by time bin of running sums that nobody declared to be such: named like counters, and they never fall but to begin anew.
-- param  $service VARCHAR       one service, or '' for all
-- param  $metric VARCHAR        one metric, or '' for all
-- param  $start_ns BIGINT       start of the window
-- param  $end_ns BIGINT         end of the window, not included
-- param  $bin_ns BIGINT         length of a time bin
-- column service_name VARCHAR   service.name
-- column metric_name VARCHAR    name as ingested
-- column bin_ns BIGINT          start of the time bin
-- column points BIGINT          points in the bin
-- column total DOUBLE           increase of the sum
-- column elapsed_ns DOUBLE      time over which it rose
WITH points AS (
  SELECT
    service_name, metric_name, time_ns, value,
    LAG(value) OVER (PARTITION BY service_name, metric_name, CAST(attributes AS VARCHAR), CAST(resource_attributes AS VARCHAR) ORDER BY time_ns, value) AS value_before,
    LAG(time_ns) OVER (PARTITION BY service_name, metric_name, CAST(attributes AS VARCHAR), CAST(resource_attributes AS VARCHAR) ORDER BY time_ns, value) AS time_before
  FROM metrics
  WHERE metric_type IN ('gauge', '') AND value >= 0 AND value < 1e300 AND ($metric = '' OR metric_name = $metric)
    -- an underscore stands for any character here: what the names promise is checked on the values
    AND (metric_name LIKE '%total' OR metric_name LIKE '%_sum' OR metric_name LIKE '%_count' OR metric_name LIKE '%_bucket' OR metric_name LIKE '%counter')
),
moves AS (
  SELECT
    service_name, metric_name,
    CASE WHEN value_before IS NULL THEN 0 ELSE 1 END AS is_step,
    CASE WHEN value > value_before THEN 1 ELSE 0 END AS is_rise,
    CASE WHEN value < value_before THEN 1 ELSE 0 END AS is_fall,
    CASE WHEN value < value_before AND value > 0.5 * value_before THEN 1 ELSE 0 END AS is_dip
  FROM points
),
by_series AS (
  SELECT service_name, metric_name, SUM(is_step) AS steps, SUM(is_rise) AS rises, SUM(is_fall) AS falls, SUM(is_dip) AS dips
  FROM moves
  GROUP BY 1, 2
),
running AS (
  SELECT metric_name
  FROM by_series
  WHERE rises > 0 OR falls > 0
  GROUP BY 1
  HAVING SUM(steps) >= 10 AND SUM(rises) * 5 >= SUM(steps) AND SUM(falls) * 20 <= SUM(rises) AND SUM(dips) * 200 <= SUM(rises)
),
steps AS (
  SELECT
    service_name, metric_name, time_ns - time_ns % $bin_ns AS bin_ns,
    CASE WHEN value >= value_before THEN value - value_before ELSE value END AS rise,
    time_ns - time_before AS elapsed_ns
  FROM points
  WHERE time_ns >= $start_ns AND time_ns < $end_ns AND ($service = '' OR service_name = $service)
    AND time_before IS NOT NULL AND time_ns > time_before AND metric_name IN (SELECT metric_name FROM running)
),
parts AS (
  SELECT
    service_name, metric_name, bin_ns, elapsed_ns,
    CASE WHEN rise < 1e15 THEN rise ELSE 0e0 END AS exact_rise,
    CASE WHEN rise < 1e15 THEN 0e0 ELSE rise END AS huge_rise
  FROM steps
)
SELECT
  service_name,
  metric_name,
  bin_ns,
  COUNT(*) AS points,
  -- whole part and 2^-40ths are summed as integers: the order of the rows cannot change the result
  CAST(SUM(CAST(FLOOR(exact_rise) AS BIGINT)) AS DOUBLE)
    + CAST(SUM(CAST(FLOOR((exact_rise - FLOOR(exact_rise)) * 1099511627776 + 0.5) AS BIGINT)) AS DOUBLE) / 1099511627776
    + SUM(huge_rise) AS total,
  MAX(CAST(elapsed_ns AS DOUBLE)) AS elapsed_ns
FROM parts
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
