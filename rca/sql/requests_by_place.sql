-- requests_by_place: requests of one service by time bin and latency bucket, and where their time went.
-- param  $service VARCHAR            service whose entry spans are the requests
-- param  $start_ns BIGINT            start of the window
-- param  $end_ns BIGINT              end of the window, not included
-- param  $bin_ns BIGINT              length of a time bin
-- column bin_ns BIGINT               start of the time bin
-- column service_version VARCHAR     service.version of the entry span
-- column service_instance_id VARCHAR service.instance.id of the entry span
-- column route VARCHAR              http.route of the entry span, else its name
-- column bucket BIGINT               index of the latency bucket: exponential histogram, scale 5
-- column requests BIGINT             entry spans
-- column weight DOUBLE               requests that they stand for
-- column errors DOUBLE               of these, failed: status ERROR or an HTTP status of 500 and more
-- column calls DOUBLE                database calls made while serving them
-- column total_us DOUBLE             time in all, µs
-- column database_us DOUBLE          time in database calls, µs, as seen by the service
-- column waiting_us DOUBLE           of this, time in spans without a statement: waits for a connection, µs
-- column downstream_us DOUBLE        time in other services, µs, as seen by those services where they were traced
-- column network_us DOUBLE           time between the two, µs: client span less server span
-- column example_trace_id VARCHAR    one of them
WITH entries AS (
  SELECT
    trace_id, span_id, start_ns, duration_ns, service_version, service_instance_id, adjusted_count,
    CASE WHEN http_route <> '' THEN http_route ELSE span_name END AS route,
    CASE WHEN status_code = 'ERROR' OR COALESCE(http_response_status_code, 0) >= 500 THEN 1 ELSE 0 END AS failed
  FROM spans
  WHERE service_name = $service AND start_ns >= $start_ns AND start_ns < $end_ns AND duration_ns >= 0
    AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
),
-- a database span inside a database span is the same call seen twice
nested AS (
  SELECT DISTINCT inner_call.trace_id AS trace_id, inner_call.span_id AS span_id
  FROM spans AS inner_call
  JOIN spans AS outer_call ON inner_call.trace_id = outer_call.trace_id AND inner_call.parent_span_id = outer_call.span_id
  WHERE inner_call.service_name = $service AND inner_call.db_system_name <> '' AND outer_call.db_system_name <> ''
    AND inner_call.start_ns >= $start_ns AND inner_call.start_ns < $end_ns
),
served AS (
  SELECT trace_id, parent_span_id, MAX(duration_ns) AS server_ns
  FROM spans
  WHERE span_kind = 'SERVER' AND parent_span_id <> '' AND start_ns >= $start_ns - 60000000000 AND start_ns < $end_ns + 60000000000
  GROUP BY trace_id, parent_span_id
),
outgoing AS (
  SELECT
    call.trace_id AS trace_id, call.start_ns AS start_ns, call.duration_ns AS duration_ns, call.db_system_name AS db_system_name,
    CASE WHEN call.db_query_text <> '' OR call.db_collection_name <> '' OR call.db_operation_name <> '' THEN call.calls ELSE 0 END AS calls,
    COALESCE(served.server_ns, 0) AS server_ns
  FROM spans AS call
  LEFT JOIN nested ON call.trace_id = nested.trace_id AND call.span_id = nested.span_id
  LEFT JOIN served ON call.trace_id = served.trace_id AND call.span_id = served.parent_span_id
  WHERE call.service_name = $service AND (call.span_kind = 'CLIENT' OR call.db_system_name <> '') AND COALESCE(nested.span_id, '') = ''
    AND call.start_ns >= $start_ns AND call.start_ns < $end_ns + 600000000000
),
spent AS (
  SELECT
    entries.trace_id AS trace_id, entries.span_id AS span_id,
    SUM(CASE WHEN outgoing.db_system_name <> '' THEN outgoing.duration_ns ELSE 0 END) AS database_ns,
    SUM(CASE WHEN outgoing.db_system_name <> '' AND outgoing.calls = 0 THEN outgoing.duration_ns ELSE 0 END) AS waiting_ns,
    SUM(CASE WHEN outgoing.db_system_name <> '' THEN outgoing.calls ELSE 0 END) AS calls,
    SUM(CASE WHEN outgoing.db_system_name <> '' THEN 0 WHEN outgoing.server_ns > 0 THEN outgoing.server_ns ELSE outgoing.duration_ns END) AS downstream_ns,
    SUM(CASE WHEN outgoing.db_system_name = '' AND outgoing.server_ns > 0 AND outgoing.duration_ns > outgoing.server_ns
      THEN outgoing.duration_ns - outgoing.server_ns ELSE 0 END) AS network_ns
  FROM entries
  JOIN outgoing ON entries.trace_id = outgoing.trace_id
  WHERE outgoing.start_ns >= entries.start_ns AND outgoing.start_ns <= entries.start_ns + entries.duration_ns
  GROUP BY entries.trace_id, entries.span_id
)
SELECT
  entries.start_ns - entries.start_ns % $bin_ns AS bin_ns,
  entries.service_version AS service_version,
  entries.service_instance_id AS service_instance_id,
  entries.route AS route,
  CASE WHEN entries.duration_ns > 0 THEN CAST(CEIL(LN(entries.duration_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  COUNT(*) AS requests,
  CAST(SUM(CAST(FLOOR(LEAST(entries.adjusted_count, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS weight,
  CAST(SUM(CAST(FLOOR(LEAST(entries.adjusted_count * entries.failed, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS errors,
  CAST(SUM(CAST(FLOOR(LEAST(entries.adjusted_count * COALESCE(spent.calls, 0), 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS calls,
  CAST(SUM(CAST(FLOOR(LEAST(entries.adjusted_count * entries.duration_ns, 1e18) + 0.5) AS BIGINT)) AS DOUBLE) * 0.001 AS total_us,
  CAST(SUM(CAST(FLOOR(LEAST(entries.adjusted_count * COALESCE(spent.database_ns, 0), 1e18) + 0.5) AS BIGINT)) AS DOUBLE) * 0.001 AS database_us,
  CAST(SUM(CAST(FLOOR(LEAST(entries.adjusted_count * COALESCE(spent.waiting_ns, 0), 1e18) + 0.5) AS BIGINT)) AS DOUBLE) * 0.001 AS waiting_us,
  CAST(SUM(CAST(FLOOR(LEAST(entries.adjusted_count * COALESCE(spent.downstream_ns, 0), 1e18) + 0.5) AS BIGINT)) AS DOUBLE) * 0.001 AS downstream_us,
  CAST(SUM(CAST(FLOOR(LEAST(entries.adjusted_count * COALESCE(spent.network_ns, 0), 1e18) + 0.5) AS BIGINT)) AS DOUBLE) * 0.001 AS network_us,
  MIN(entries.trace_id) AS example_trace_id
FROM entries
LEFT JOIN spent ON entries.trace_id = spent.trace_id AND entries.span_id = spent.span_id
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
