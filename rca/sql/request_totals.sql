-- request_totals: requests of a service, or root spans, in a window.
-- param $service VARCHAR               service whose SERVER and CONSUMER spans are requests; '' for root spans of any
-- param $from_ns BIGINT                first start that counts
-- param $to_ns BIGINT                  first start that does not count any more
-- column seen BIGINT                   spans
-- column requests DOUBLE               requests that they stand for
-- column squares DOUBLE                sum of the squared weights, for the effective number
SELECT
  COUNT(*) AS seen,
  COALESCE(CAST(SUM(CAST(FLOOR(LEAST(adjusted_count, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536, CAST(0 AS DOUBLE)) AS requests,
  COALESCE(CAST(SUM(CAST(FLOOR(LEAST(adjusted_count * adjusted_count, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536, CAST(0 AS DOUBLE)) AS squares
FROM spans
WHERE COALESCE(start_ns, $from_ns) >= $from_ns AND COALESCE(start_ns, $from_ns) < $to_ns
  AND (
    (service_name = $service AND span_kind IN ('SERVER', 'CONSUMER'))
    OR ($service = '' AND parent_span_id = '')
  )
