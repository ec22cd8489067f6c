-- red: entry spans of services by time bin and latency bucket: requests, errors, durations.
-- param  $service VARCHAR      one service, or '' for all
-- param  $start_ns BIGINT      start of the window
-- param  $end_ns BIGINT        end of the window, not included
-- param  $bin_ns BIGINT        length of a time bin
-- column bin_ns BIGINT         start of the time bin
-- column service_name VARCHAR  service.name
-- column bucket BIGINT         index of the latency bucket: exponential histogram, scale 5; -1 for no length
-- column requests BIGINT       entry spans seen
-- column weight DOUBLE         requests that they stand for
-- column errors DOUBLE         of these, failed: status ERROR or an HTTP status of 500 and more
-- column example_trace_id VARCHAR one of them
-- merge  requests SUM, weight SUM, errors SUM, example_trace_id MAX
-- within $start_ns $end_ns
SELECT
  start_ns - start_ns % $bin_ns AS bin_ns,
  service_name,
  CASE WHEN duration_ns > 0 THEN CAST(CEIL(LN(duration_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  COUNT(*) AS requests,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS weight,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN status_code = 'ERROR' OR COALESCE(http_response_status_code, 0) >= 500 THEN adjusted_count ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS errors,
  MAX(trace_id) AS example_trace_id
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND duration_ns >= 0
  AND ($service = '' OR service_name = $service)
  AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
