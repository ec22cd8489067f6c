-- metric_increases: increase of cumulative sums and histograms by service, metric and time bin, resets counted from zero.
-- param  $service VARCHAR       one service, or '' for all
-- param  $metric VARCHAR        one metric, or '' for all
-- param  $start_ns BIGINT       start of the window
-- param  $end_ns BIGINT         end of the window, not included
-- param  $bin_ns BIGINT         length of a time bin
-- column service_name VARCHAR   service.name
-- column metric_name VARCHAR    name as ingested
-- column bin_ns BIGINT          start of the time bin
-- column is_histogram BOOLEAN   whether total and observations come from a histogram or summary
-- column points BIGINT          points in the bin
-- column total DOUBLE           increase of the sum, or of the sum of the observations
-- column observations DOUBLE    increase of the number of observations
-- column elapsed_ns DOUBLE      time over which it rose
WITH points AS (
  SELECT
    service_name, metric_name, time_ns, temporality,
    CASE WHEN metric_type = 'sum' THEN value ELSE "sum" END AS running,
    CAST("count" AS DOUBLE) AS seen,
    CASE WHEN metric_type = 'sum' THEN FALSE ELSE TRUE END AS is_histogram,
    CAST(attributes AS VARCHAR) AS series,
    CAST(resource_attributes AS VARCHAR) AS source
  FROM metrics
  WHERE time_ns >= $start_ns AND time_ns < $end_ns
    AND ($service = '' OR service_name = $service) AND ($metric = '' OR metric_name = $metric)
    AND ((metric_type = 'sum' AND temporality = 'cumulative') OR metric_type IN ('histogram', 'exponential_histogram', 'summary'))
),
befores AS (
  SELECT
    service_name, metric_name, time_ns, temporality, is_histogram, running, seen,
    LAG(running) OVER (PARTITION BY service_name, metric_name, series, source ORDER BY time_ns, running, seen) AS running_before,
    LAG(time_ns) OVER (PARTITION BY service_name, metric_name, series, source ORDER BY time_ns, running, seen) AS time_before,
    LAG(seen) OVER (PARTITION BY service_name, metric_name, series, source ORDER BY time_ns, running, seen) AS seen_before
  FROM points
),
steps AS (
  SELECT
    service_name, metric_name, time_ns - time_ns % $bin_ns AS bin_ns, is_histogram,
    CASE WHEN temporality = 'delta' THEN running WHEN running_before IS NULL THEN 0e0
      WHEN running >= running_before THEN running - running_before ELSE running END AS rise,
    CASE WHEN temporality = 'delta' THEN COALESCE(seen, 0) WHEN seen_before IS NULL THEN 0
      WHEN seen >= seen_before THEN seen - seen_before ELSE seen END AS seen_rise,
    CASE WHEN time_before IS NULL THEN 0 ELSE time_ns - time_before END AS elapsed_ns
  FROM befores
),
parts AS (
  SELECT
    service_name, metric_name, bin_ns, is_histogram, seen_rise, elapsed_ns,
    CASE WHEN rise > -1e15 AND rise < 1e15 THEN rise ELSE 0e0 END AS exact_rise,
    CASE WHEN rise > -1e15 AND rise < 1e15 THEN 0e0 ELSE rise END AS huge_rise
  FROM steps
)
SELECT
  service_name,
  metric_name,
  bin_ns,
  is_histogram,
  COUNT(*) AS points,
  -- whole part and 2^-40ths are summed as integers: the order of the rows cannot change the result
  CAST(SUM(CAST(FLOOR(exact_rise) AS BIGINT)) AS DOUBLE)
    + CAST(SUM(CAST(FLOOR((exact_rise - FLOOR(exact_rise)) * 1099511627776 + 0.5) AS BIGINT)) AS DOUBLE) / 1099511627776
    + SUM(huge_rise) AS total,
  SUM(seen_rise) AS observations,
  MAX(CAST(elapsed_ns AS DOUBLE)) AS elapsed_ns
FROM parts
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
