-- metric_points: gauges and plain values by series and time bin: what shifts are measured on.
-- param  $service VARCHAR       one service, or '' for all
-- param  $metric VARCHAR        one metric, or '' for all
-- param  $start_ns BIGINT       start of the window
-- param  $end_ns BIGINT         end of the window, not included
-- param  $bin_ns BIGINT         length of a time bin
-- column service_name VARCHAR   service.name
-- column metric_name VARCHAR    name as ingested
-- column bin_ns BIGINT          start of the time bin
-- column points BIGINT          points in the bin
-- column total DOUBLE           sum of their values
-- column highest DOUBLE         greatest of their values
WITH points AS (
  SELECT
    service_name, metric_name, time_ns - time_ns % $bin_ns AS bin_ns, value,
    CASE WHEN value > -1e15 AND value < 1e15 THEN value ELSE 0e0 END AS exact_value,
    CASE WHEN value > -1e15 AND value < 1e15 THEN 0e0 ELSE value END AS huge_value
  FROM metrics
  WHERE time_ns >= $start_ns AND time_ns < $end_ns
    AND ($service = '' OR service_name = $service) AND ($metric = '' OR metric_name = $metric)
    AND value > -1e300 AND value < 1e300 AND metric_type IN ('gauge', 'sum', '') AND NOT (temporality = 'cumulative' AND metric_type = 'sum')
)
SELECT
  service_name,
  metric_name,
  bin_ns,
  COUNT(*) AS points,
  -- whole part and 2^-40ths are summed as integers: the order of the rows cannot change the result
  CAST(SUM(CAST(FLOOR(exact_value) AS BIGINT)) AS DOUBLE)
    + CAST(SUM(CAST(FLOOR((exact_value - FLOOR(exact_value)) * 1099511627776 + 0.5) AS BIGINT)) AS DOUBLE) / 1099511627776
    + SUM(huge_value) AS total,
  MAX(value) AS highest
FROM points
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
