-- slow_requests: requests of a service by time bin, and how many of these were slow or failed.
-- param  $service VARCHAR      the service
-- param  $start_ns BIGINT      start of the window
-- param  $end_ns BIGINT        end of the window, not included
-- param  $bin_ns BIGINT        length of a time bin
-- param  $slow_ns BIGINT       duration above which a request is slow
-- column bin_ns BIGINT         start of the time bin
-- column requests BIGINT       entry spans seen
-- column slow BIGINT           of these, longer than $slow_ns
-- column failed BIGINT         of these, failed: status ERROR or an HTTP status of 500 and more
-- merge  requests SUM, slow SUM, failed SUM
-- within $start_ns $end_ns
SELECT
  start_ns - start_ns % $bin_ns AS bin_ns,
  COUNT(*) AS requests,
  CAST(SUM(CASE WHEN duration_ns > $slow_ns THEN 1 ELSE 0 END) AS BIGINT) AS slow,
  CAST(SUM(CASE WHEN status_code = 'ERROR' OR COALESCE(http_response_status_code, 0) >= 500 THEN 1 ELSE 0 END) AS BIGINT) AS failed
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND duration_ns >= 0
  AND service_name = $service
  AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
GROUP BY 1
ORDER BY 1
