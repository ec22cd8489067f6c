-- request_spans: every span of the traces in which a service serves a request in either of two windows.
-- param $service VARCHAR               service whose SERVER and CONSUMER spans are requests; '' for root spans of any
-- param $start_ns BIGINT               start of the incident
-- param $end_ns BIGINT                 its end
-- param $before_start_ns BIGINT        start of what it is compared with
-- param $before_end_ns BIGINT          its end
-- param $most INTEGER                  traces of either window at most, by the end of their ids, which is random
-- param $slow_ns BIGINT                length from which a request of the incident is slow
-- param $slowest INTEGER               traces with a slow request on top of these, at most, drawn the same way
-- column drawn INTEGER                 1 where the trace is one of $most, 0 where it was read for a slow request alone
-- column trace_id VARCHAR              the trace
-- column span_id VARCHAR               the span
-- column parent_span_id VARCHAR        its parent
-- column service_name VARCHAR          service.name
-- column span_name VARCHAR             name of the operation
-- column span_kind VARCHAR             kind
-- column start_ns BIGINT               start
-- column duration_ns BIGINT            length
-- column failed INTEGER                1 where the status is ERROR
-- column adjusted_count DOUBLE         requests that it stands for
-- column calls BIGINT                  real calls that it stands for
-- column db_system_name VARCHAR        db.system.name
-- column asks INTEGER                  1 where it says what it asks of a database
-- column statement VARCHAR             the normalised statement, or operation and collection
-- column http_route VARCHAR            http.route
-- column service_version VARCHAR       service.version
-- column reference_type VARCHAR        follows_from where the tracer says so
WITH later AS (
  SELECT trace_id
  FROM spans
  WHERE start_ns >= $start_ns AND start_ns < $end_ns
    AND (
      (service_name = $service AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = ''))
      OR ($service = '' AND parent_span_id = '')
    )
  GROUP BY trace_id
  ORDER BY REVERSE(trace_id)
  LIMIT $most
),
earlier AS (
  SELECT trace_id
  FROM spans
  WHERE start_ns >= $before_start_ns AND start_ns < $before_end_ns
    AND (
      (service_name = $service AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = ''))
      OR ($service = '' AND parent_span_id = '')
    )
  GROUP BY trace_id
  ORDER BY REVERSE(trace_id)
  LIMIT $most
),
slow AS (
  SELECT trace_id
  FROM spans
  WHERE start_ns >= $start_ns AND start_ns < $end_ns AND duration_ns >= $slow_ns
    AND (
      (service_name = $service AND span_kind IN ('SERVER', 'CONSUMER'))
      OR ($service = '' AND parent_span_id = '')
    )
  GROUP BY trace_id
  ORDER BY REVERSE(trace_id)
  LIMIT $slowest
),
chosen AS (
  SELECT trace_id, MAX(drawn) AS drawn
  FROM (
    SELECT trace_id, 1 AS drawn FROM later
    UNION ALL
    SELECT trace_id, 1 AS drawn FROM earlier
    UNION ALL
    SELECT trace_id, 0 AS drawn FROM slow
  ) AS listed
  GROUP BY trace_id
)
SELECT
  chosen.drawn AS drawn,
  spans.trace_id AS trace_id,
  span_id,
  parent_span_id,
  service_name,
  span_name,
  span_kind,
  start_ns,
  duration_ns,
  CASE WHEN status_code = 'ERROR' THEN 1 ELSE 0 END AS failed,
  adjusted_count,
  calls,
  db_system_name,
  CASE WHEN db_system_name <> '' AND (db_query_digest <> '' OR db_operation_name <> '' OR db_collection_name <> '') THEN 1 ELSE 0 END AS asks,
  CASE
    WHEN db_system_name = '' THEN ''
    WHEN db_query_digest <> '' THEN db_query_digest
    WHEN db_query_text <> '' THEN db_query_text
    WHEN db_operation_name <> '' OR db_collection_name <> '' THEN db_operation_name || ' ' || db_collection_name
    ELSE span_name
  END AS statement,
  http_route,
  service_version,
  COALESCE(attributes['opentracing.ref_type'], '') AS reference_type
FROM spans
JOIN chosen ON spans.trace_id = chosen.trace_id
ORDER BY 2, 8, 3, 7, 9
