-- sampling_by_minute: how many requests each kept entry span stands for, minute by minute.
-- column service_name VARCHAR  service.name
-- column minute_ns BIGINT      start of the minute
-- column entries BIGINT        entry spans kept
-- column weight DOUBLE         requests that they stand for
-- merge  entries SUM, weight SUM
SELECT
  service_name,
  start_ns - start_ns % 60000000000 AS minute_ns,
  COUNT(*) AS entries,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS weight
FROM spans
WHERE start_ns IS NOT NULL AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
GROUP BY service_name, start_ns - start_ns % 60000000000
ORDER BY service_name, minute_ns
