-- activity: how many records there are by time bin, over all signals: where the telemetry has holes.
-- param  $start_ns BIGINT   start of the window
-- param  $end_ns BIGINT     end of the window, not included
-- param  $bin_ns BIGINT     length of a time bin
-- column bin_ns BIGINT      start of the time bin
-- column records BIGINT     spans, log records and metric points
SELECT bin_ns, CAST(SUM(records) AS BIGINT) AS records
FROM (
  SELECT start_ns - start_ns % $bin_ns AS bin_ns, COUNT(*) AS records
  FROM spans WHERE start_ns >= $start_ns AND start_ns < $end_ns
  GROUP BY start_ns - start_ns % $bin_ns
  UNION ALL
  SELECT time_ns - time_ns % $bin_ns AS bin_ns, COUNT(*) AS records
  FROM logs WHERE time_ns >= $start_ns AND time_ns < $end_ns
  GROUP BY time_ns - time_ns % $bin_ns
  UNION ALL
  SELECT time_ns - time_ns % $bin_ns AS bin_ns, COUNT(*) AS records
  FROM metrics WHERE time_ns >= $start_ns AND time_ns < $end_ns
  GROUP BY time_ns - time_ns % $bin_ns
) AS counted
GROUP BY bin_ns
ORDER BY bin_ns
