-- inventory_logs: what log records there are, by service, and how many carry a correlation ID.
-- column service_name VARCHAR  service.name
-- column records BIGINT        log records
-- column errors BIGINT         records of severity ERROR and worse
-- column with_trace BIGINT     records with a trace id
-- column with_request BIGINT   records with a request id
-- column without_time BIGINT   records without a time
-- column first_ns BIGINT       earliest time
-- column last_ns BIGINT        latest time
-- merge  records SUM, errors SUM, with_trace SUM, with_request SUM, without_time SUM, first_ns MIN, last_ns MAX
SELECT
  service_name,
  COUNT(*) AS records,
  CAST(SUM(CASE WHEN severity_number >= 17 THEN 1 ELSE 0 END) AS BIGINT) AS errors,
  CAST(SUM(CASE WHEN trace_id <> '' THEN 1 ELSE 0 END) AS BIGINT) AS with_trace,
  CAST(SUM(CASE WHEN request_id <> '' THEN 1 ELSE 0 END) AS BIGINT) AS with_request,
  CAST(SUM(CASE WHEN time_ns IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS without_time,
  MIN(time_ns) AS first_ns,
  MAX(time_ns) AS last_ns
FROM logs
GROUP BY service_name
ORDER BY service_name
