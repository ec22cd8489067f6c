-- repeated_spans: every span of the traces in which one service makes many like calls, with what tells the calls apart.
-- param $from_ns BIGINT                first start that counts
-- param $to_ns BIGINT                  first start that does not count any more
-- param $least BIGINT                  like calls of one trace from which it counts
-- param $most INTEGER                  traces at most, in the order of their ids
-- column candidates BIGINT            traces with so many like calls, those beyond $most included
-- column trace_id VARCHAR              the trace
-- column span_id VARCHAR               the span
-- column parent_span_id VARCHAR        its parent
-- column service_name VARCHAR          service.name
-- column span_name VARCHAR             name of the operation
-- column span_kind VARCHAR             kind
-- column start_ns BIGINT               start
-- column duration_ns BIGINT            length
-- column failed INTEGER                1 where the call failed
-- column adjusted_count DOUBLE         requests that it stands for
-- column calls BIGINT                  real calls that it stands for
-- column batch_size VARCHAR            db.operation.batch.size, where it is a batch
-- column db_system_name VARCHAR        db.system.name
-- column db_collection_name VARCHAR    db.collection.name
-- column db_operation_name VARCHAR     db.operation.name
-- column db_query_text VARCHAR         the statement
-- column db_query_digest VARCHAR       the statement, normalised
-- column http_request_method VARCHAR   http.request.method
-- column http_route VARCHAR            http.route
-- column server_address VARCHAR        server.address, or peer.service where there is none
-- column url VARCHAR                   url.full or what of it there is
-- column url_template VARCHAR          url.template
-- column rpc_service VARCHAR           rpc.service
-- column rpc_method VARCHAR            rpc.method
-- column code_file VARCHAR             code.file.path
-- column code_line VARCHAR             code.line.number
-- column code_function VARCHAR         code.function.name
-- column reference_type VARCHAR        follows_from where the tracer says so
-- Calls are grouped by trace alone first, fourteen counters of seven bits in two numbers, a target in each: a group a trace
-- and target costs five times as much. Traces that may have enough like calls are then counted exactly.
-- The calls are written out three times on purpose: as one table named once, DuckDB holds all of them (over 2 M spans 317 instead of 222 MB,
-- and a quarter more of the processor).
WITH slots AS (
  SELECT target, (place - 1) % 14 AS slot
  FROM (
    SELECT target, ROW_NUMBER() OVER (ORDER BY calls DESC, target) AS place
    FROM (
      SELECT target, SUM(calls) AS calls
      FROM (
        SELECT
          trace_id, calls,
          CASE
            WHEN db_system_name = '' AND http_request_method = '' THEN ''
            WHEN db_system_name = '' THEN http_request_method || server_address
            WHEN db_query_digest <> '' THEN db_query_digest
            ELSE db_system_name || db_operation_name || db_collection_name
          END AS target
        FROM spans
        WHERE span_kind <> 'SERVER' AND span_kind <> 'CONSUMER' AND (db_system_name <> '' OR span_kind = 'CLIENT')
          AND COALESCE(start_ns, $from_ns) >= $from_ns AND COALESCE(start_ns, $from_ns) < $to_ns
      ) AS made
      GROUP BY target
    ) AS targets
  ) AS placed
),
counters AS (
  SELECT
    target,
    CASE slot
      WHEN 0 THEN 1e0
      WHEN 1 THEN 128e0
      WHEN 2 THEN 16384e0
      WHEN 3 THEN 2097152e0
      WHEN 4 THEN 268435456e0
      WHEN 5 THEN 34359738368e0
      WHEN 6 THEN 4398046511104e0
      ELSE 0e0
    END AS low_unit,
    CASE slot
      WHEN 7 THEN 1e0
      WHEN 8 THEN 128e0
      WHEN 9 THEN 16384e0
      WHEN 10 THEN 2097152e0
      WHEN 11 THEN 268435456e0
      WHEN 12 THEN 34359738368e0
      WHEN 13 THEN 4398046511104e0
      ELSE 0e0
    END AS high_unit
  FROM slots
),
busy AS (
  SELECT trace_id
  FROM (
    SELECT trace_id, SUM(calls) AS calls, SUM(LEAST(calls, 128) * low_unit) AS low, SUM(LEAST(calls, 128) * high_unit) AS high
    FROM (
      SELECT
        trace_id, calls,
        CASE
          WHEN db_system_name = '' AND http_request_method = '' THEN ''
          WHEN db_system_name = '' THEN http_request_method || server_address
          WHEN db_query_digest <> '' THEN db_query_digest
          ELSE db_system_name || db_operation_name || db_collection_name
        END AS target
      FROM spans
      WHERE span_kind <> 'SERVER' AND span_kind <> 'CONSUMER' AND (db_system_name <> '' OR span_kind = 'CLIENT')
        AND COALESCE(start_ns, $from_ns) >= $from_ns AND COALESCE(start_ns, $from_ns) < $to_ns
    ) AS made
    JOIN counters ON made.target = counters.target
    GROUP BY trace_id
  ) AS counted
  WHERE calls >= $least AND (
      calls > 127
      OR low - 128 * FLOOR(low * 7.8125e-3) >= $least
      OR FLOOR(low * 7.8125e-3) - 128 * FLOOR(low * 6.103515625e-5) >= $least
      OR FLOOR(low * 6.103515625e-5) - 128 * FLOOR(low * 4.76837158203125e-7) >= $least
      OR FLOOR(low * 4.76837158203125e-7) - 128 * FLOOR(low * 3.7252902984619140625e-9) >= $least
      OR FLOOR(low * 3.7252902984619140625e-9) - 128 * FLOOR(low * 2.910383045673370361328125e-11) >= $least
      OR FLOOR(low * 2.910383045673370361328125e-11) - 128 * FLOOR(low * 2.273736754432320594787597656e-13) >= $least
      OR FLOOR(low * 2.273736754432320594787597656e-13) - 128 * FLOOR(low * 1.776356839400250464677810669e-15) >= $least
      OR high - 128 * FLOOR(high * 7.8125e-3) >= $least
      OR FLOOR(high * 7.8125e-3) - 128 * FLOOR(high * 6.103515625e-5) >= $least
      OR FLOOR(high * 6.103515625e-5) - 128 * FLOOR(high * 4.76837158203125e-7) >= $least
      OR FLOOR(high * 4.76837158203125e-7) - 128 * FLOOR(high * 3.7252902984619140625e-9) >= $least
      OR FLOOR(high * 3.7252902984619140625e-9) - 128 * FLOOR(high * 2.910383045673370361328125e-11) >= $least
      OR FLOOR(high * 2.910383045673370361328125e-11) - 128 * FLOOR(high * 2.273736754432320594787597656e-13) >= $least
      OR FLOOR(high * 2.273736754432320594787597656e-13) - 128 * FLOOR(high * 1.776356839400250464677810669e-15) >= $least
  )
),
candidates AS (
  SELECT trace_id
  FROM (
    SELECT trace_id, SUM(calls) AS calls
    FROM (
      SELECT
        trace_id, calls,
        CASE
          WHEN db_system_name = '' AND http_request_method = '' THEN ''
          WHEN db_system_name = '' THEN http_request_method || server_address
          WHEN db_query_digest <> '' THEN db_query_digest
          ELSE db_system_name || db_operation_name || db_collection_name
        END AS target
      FROM spans
      WHERE span_kind <> 'SERVER' AND span_kind <> 'CONSUMER' AND (db_system_name <> '' OR span_kind = 'CLIENT')
        AND COALESCE(start_ns, $from_ns) >= $from_ns AND COALESCE(start_ns, $from_ns) < $to_ns
    ) AS made
    WHERE trace_id IN (SELECT trace_id FROM busy)
    GROUP BY trace_id, target
  ) AS likes
  WHERE calls >= $least
  GROUP BY trace_id
),
chosen AS (
  SELECT trace_id, candidates
  FROM (SELECT trace_id, COUNT(*) OVER () AS candidates FROM candidates) AS listed
  ORDER BY trace_id
  LIMIT $most
)
SELECT
  chosen.candidates AS candidates,
  spans.trace_id AS trace_id,
  span_id,
  parent_span_id,
  service_name,
  span_name,
  span_kind,
  start_ns,
  duration_ns,
  CASE
    WHEN status_code = 'ERROR' OR error_type <> '' OR COALESCE(http_response_status_code, 0) >= 400 THEN 1
    WHEN COALESCE(attributes['rpc.grpc.status_code'], '') NOT IN ('', '0') THEN 1
    ELSE 0
  END AS failed,
  adjusted_count,
  calls,
  COALESCE(attributes['db.operation.batch.size'], '') AS batch_size,
  db_system_name,
  db_collection_name,
  db_operation_name,
  db_query_text,
  db_query_digest,
  http_request_method,
  http_route,
  CASE WHEN server_address <> '' THEN server_address ELSE COALESCE(attributes['peer.service'], attributes['http.host'], '') END AS server_address,
  COALESCE(attributes['url.full'], attributes['http.url'], attributes['url.path'], attributes['http.target'], '') AS url,
  COALESCE(attributes['url.template'], '') AS url_template,
  COALESCE(attributes['rpc.service'], '') AS rpc_service,
  COALESCE(attributes['rpc.method'], '') AS rpc_method,
  COALESCE(attributes['code.file.path'], attributes['code.filepath'], '') AS code_file,
  COALESCE(attributes['code.line.number'], attributes['code.lineno'], '') AS code_line,
  COALESCE(attributes['code.function.name'], attributes['code.function'], '') AS code_function,
  COALESCE(attributes['opentracing.ref_type'], '') AS reference_type
FROM spans
JOIN chosen ON spans.trace_id = chosen.trace_id
ORDER BY 2, record_no, 3, 6
