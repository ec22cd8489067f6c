-- repeated_candidates: traces in which one service makes many like calls, counted by what it calls; a superset of what is repeated.
-- param $from_ns BIGINT                first start that counts
-- param $to_ns BIGINT                  first start that does not count any more
-- param $least BIGINT                  like calls of one trace from which it counts
-- column service_name VARCHAR          service that calls
-- column target VARCHAR                normalised statement, operation or host that it calls
-- column traces BIGINT                 traces with that many like calls
-- column calls BIGINT                  like calls in them
-- column most BIGINT                   the most in one trace
-- column trace_id VARCHAR              one of these traces
SELECT
  service_name,
  target,
  COUNT(*) AS traces,
  CAST(SUM(calls) AS BIGINT) AS calls,
  CAST(MAX(calls) AS BIGINT) AS most,
  MIN(trace_id) AS trace_id
FROM (
  SELECT
    trace_id,
    service_name,
    CASE
      WHEN db_system_name = '' THEN http_request_method || ' ' || server_address
      WHEN db_query_digest <> '' THEN db_query_digest
      ELSE db_system_name || ' ' || db_operation_name || ' ' || db_collection_name
    END AS target,
    SUM(calls) AS calls
  FROM spans
  WHERE span_kind <> 'SERVER' AND span_kind <> 'CONSUMER' AND (db_system_name <> '' OR span_kind = 'CLIENT')
    AND COALESCE(start_ns, $from_ns) >= $from_ns AND COALESCE(start_ns, $from_ns) < $to_ns
  GROUP BY
    trace_id,
    service_name,
    CASE
      WHEN db_system_name = '' THEN http_request_method || ' ' || server_address
      WHEN db_query_digest <> '' THEN db_query_digest
      ELSE db_system_name || ' ' || db_operation_name || ' ' || db_collection_name
    END
) AS likes
WHERE calls >= $least
GROUP BY service_name, target
ORDER BY calls DESC, service_name, target
