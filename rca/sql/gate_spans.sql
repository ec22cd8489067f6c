-- gate_spans: one row a request seen in spans: its route, length, outcome and the database calls made while serving it.
-- param  $start_ns BIGINT         requests that start at or after
-- param  $end_ns BIGINT           and before
-- column service_name VARCHAR    service that served it
-- column service_version VARCHAR service.version
-- column route VARCHAR           http.route of the entry span, else its name
-- column time_ns BIGINT          start
-- column duration_ns BIGINT      length
-- column failed INTEGER          1 where the status is ERROR or the HTTP status 500 and more
-- column weight DOUBLE           requests that it stands for
-- column calls DOUBLE            database calls
-- column example_trace_id VARCHAR its trace
WITH entries AS (
  SELECT
    trace_id, span_id, service_name, service_version, start_ns, duration_ns, adjusted_count,
    CASE WHEN http_route <> '' THEN http_route ELSE span_name END AS route,
    CASE WHEN status_code = 'ERROR' OR COALESCE(http_response_status_code, 0) >= 500 THEN 1 ELSE 0 END AS failed
  FROM spans
  WHERE start_ns >= $start_ns AND start_ns < $end_ns AND duration_ns >= 0
    AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
),
-- a database span inside a database span is the same call seen twice
nested AS (
  SELECT DISTINCT inner_call.trace_id AS trace_id, inner_call.span_id AS span_id
  FROM spans AS inner_call
  JOIN spans AS outer_call ON inner_call.trace_id = outer_call.trace_id AND inner_call.parent_span_id = outer_call.span_id
  WHERE inner_call.db_system_name <> '' AND outer_call.db_system_name <> ''
),
made AS (
  SELECT entries.trace_id AS trace_id, entries.span_id AS span_id, SUM(call.calls) AS calls
  FROM entries
  JOIN spans AS call ON entries.trace_id = call.trace_id AND entries.service_name = call.service_name
  LEFT JOIN nested ON call.trace_id = nested.trace_id AND call.span_id = nested.span_id
  WHERE call.db_system_name <> '' AND COALESCE(nested.span_id, '') = ''
    AND (call.db_query_text <> '' OR call.db_collection_name <> '' OR call.db_operation_name <> '')
    AND call.start_ns >= entries.start_ns AND call.start_ns <= entries.start_ns + entries.duration_ns
  GROUP BY entries.trace_id, entries.span_id
)
SELECT
  entries.service_name AS service_name,
  entries.service_version AS service_version,
  entries.route AS route,
  entries.start_ns AS time_ns,
  entries.duration_ns AS duration_ns,
  entries.failed AS failed,
  CAST(entries.adjusted_count AS DOUBLE) AS weight,
  CAST(COALESCE(made.calls, 0) AS DOUBLE) AS calls,
  entries.trace_id AS example_trace_id
FROM entries
LEFT JOIN made ON entries.trace_id = made.trace_id AND entries.span_id = made.span_id
ORDER BY service_name, route, time_ns, example_trace_id
