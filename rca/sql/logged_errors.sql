-- logged_errors: how many records of severity ERROR and worse services wrote, by time bin.
-- param  $service VARCHAR      one service, '(no service)' for records that name none, or '' for all
-- param  $start_ns BIGINT      start of the window
-- param  $end_ns BIGINT        end of the window, not included
-- param  $bin_ns BIGINT        length of a time bin
-- column bin_ns BIGINT         start of the time bin
-- column service_name VARCHAR  service that wrote them, or '(no service)'
-- column records BIGINT        log records of every severity
-- column errors BIGINT         of these, of severity ERROR and worse
-- merge  records SUM, errors SUM
-- within $start_ns $end_ns
SELECT
  time_ns - time_ns % $bin_ns AS bin_ns,
  CASE WHEN service_name <> '' THEN service_name ELSE '(no service)' END AS service_name,
  COUNT(*) AS records,
  CAST(SUM(CASE WHEN severity_number >= 17 THEN 1 ELSE 0 END) AS BIGINT) AS errors
FROM logs
WHERE time_ns >= $start_ns AND time_ns < $end_ns
  AND ($service = '' OR service_name = $service OR (service_name = '' AND $service = '(no service)'))
GROUP BY 1, 2
ORDER BY 1, 2
