-- inventory_spans: what spans there are, by service.
-- column service_name VARCHAR  service.name
-- column spans BIGINT          spans
-- column entries BIGINT        spans that begin a request in the service (SERVER, CONSUMER or a root)
-- column errors BIGINT         spans with status ERROR
-- column database_calls BIGINT spans of calls to a database
-- column weight DOUBLE         requests that the entry spans stand for
-- column first_ns BIGINT       earliest start
-- column last_ns BIGINT        latest start
-- merge  spans SUM, entries SUM, errors SUM, database_calls SUM, weight SUM, first_ns MIN, last_ns MAX
SELECT
  service_name,
  COUNT(*) AS spans,
  CAST(SUM(CASE WHEN span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '' THEN 1 ELSE 0 END) AS BIGINT) AS entries,
  CAST(SUM(CASE WHEN status_code = 'ERROR' THEN 1 ELSE 0 END) AS BIGINT) AS errors,
  CAST(SUM(CASE WHEN db_system_name <> '' THEN 1 ELSE 0 END) AS BIGINT) AS database_calls,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '' THEN adjusted_count ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS weight,
  MIN(start_ns) AS first_ns,
  MAX(start_ns) AS last_ns
FROM spans
GROUP BY service_name
ORDER BY service_name
