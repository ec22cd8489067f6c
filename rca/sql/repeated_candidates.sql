-- repeated_candidates: how many traces make many like calls; a superset of those in which calls are repeated.
-- param $from_ns BIGINT                first start that counts
-- param $to_ns BIGINT                  first start that does not count any more
-- param $least BIGINT                  like calls of one trace from which it counts
-- column traces BIGINT                 traces with that many like calls
SELECT COUNT(*) AS traces
FROM (
  SELECT trace_id
  FROM (
    SELECT trace_id, SUM(calls) AS calls
    FROM spans
    WHERE span_kind <> 'SERVER' AND span_kind <> 'CONSUMER' AND (db_system_name <> '' OR span_kind = 'CLIENT')
      AND COALESCE(start_ns, $from_ns) >= $from_ns AND COALESCE(start_ns, $from_ns) < $to_ns
    GROUP BY
      trace_id,
      CASE
        WHEN db_system_name = '' AND http_request_method = '' THEN ''
        WHEN db_system_name = '' THEN http_request_method || server_address
        WHEN db_query_digest <> '' THEN db_query_digest
        ELSE db_system_name || db_operation_name || db_collection_name
      END
  ) AS likes
  WHERE calls >= $least
  GROUP BY trace_id
) AS candidates
