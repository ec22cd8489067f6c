-- request_attributes: what is known of every request of a service in a window.
-- param $service VARCHAR                                   service whose SERVER and CONSUMER spans are requests
-- param $from_ns BIGINT                                    first start that counts
-- param $to_ns BIGINT                                      first start that does not count any more
-- column trace_id VARCHAR                                  the trace
-- column duration_ns BIGINT                                length
-- column adjusted_count DOUBLE                             requests that it stands for
-- column span_name VARCHAR                                 name of the operation
-- column attributes MAP(VARCHAR, VARCHAR)                  attributes of the span
-- column resource_attributes MAP(VARCHAR, VARCHAR)         attributes of what wrote it
SELECT
  trace_id,
  duration_ns,
  adjusted_count,
  span_name,
  attributes,
  resource_attributes
FROM spans
WHERE service_name = $service AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
  AND start_ns >= $from_ns AND start_ns < $to_ns AND duration_ns IS NOT NULL
ORDER BY trace_id, span_id, duration_ns
