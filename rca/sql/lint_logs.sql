-- lint_logs: what log records lack, by service: the fields without which they cannot be searched by request.
-- param  $field VARCHAR           an attribute that is also required, '' for none
-- column service_name VARCHAR     service.name
-- column records BIGINT           log records
-- column without_time BIGINT      records without a time
-- column without_level BIGINT     records without a severity that is understood
-- column without_message BIGINT   records without a message
-- column with_trace BIGINT        records with a trace id
-- column with_request BIGINT      records with a request id
-- column correlated BIGINT        records with either
-- column without_field BIGINT     records without the required attribute
SELECT
  service_name,
  COUNT(*) AS records,
  CAST(SUM(CASE WHEN time_ns IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS without_time,
  CAST(SUM(CASE WHEN severity_number = 0 THEN 1 ELSE 0 END) AS BIGINT) AS without_level,
  CAST(SUM(CASE WHEN body = '' THEN 1 ELSE 0 END) AS BIGINT) AS without_message,
  CAST(SUM(CASE WHEN trace_id <> '' THEN 1 ELSE 0 END) AS BIGINT) AS with_trace,
  CAST(SUM(CASE WHEN request_id <> '' THEN 1 ELSE 0 END) AS BIGINT) AS with_request,
  CAST(SUM(CASE WHEN trace_id <> '' OR request_id <> '' THEN 1 ELSE 0 END) AS BIGINT) AS correlated,
  CAST(SUM(CASE WHEN $field <> '' AND COALESCE(attributes[$field], '') = '' AND COALESCE(resource_attributes[$field], '') = '' THEN 1 ELSE 0 END) AS BIGINT) AS without_field
FROM logs
GROUP BY service_name
ORDER BY service_name
