-- logged_requests: one row a log record that says how a request went: a route, a status, a length and what else it tells, as written.
-- param  $service VARCHAR        one service, '(no service)' for records that name none, or '' for all
-- param  $start_ns BIGINT         records at or after
-- param  $end_ns BIGINT           and before
-- param  $lengthless BOOLEAN       also records that do not say how long it took
-- column service_name VARCHAR    service that wrote it, or '(no service)'
-- column service_version VARCHAR version as the record or its resource gives it
-- column service_instance_id VARCHAR service.instance.id, or what the record calls its instance
-- column route VARCHAR           template of the path, where the record has one
-- column path VARCHAR            the path itself
-- column template VARCHAR        template of the whole record
-- column time_ns BIGINT          time of the record
-- column milliseconds VARCHAR    length where the field is one of milliseconds; '' otherwise
-- column seconds VARCHAR         length where the field is one of seconds
-- column nanoseconds VARCHAR     length where the field is one of nanoseconds
-- column status VARCHAR          HTTP status
-- column weight DOUBLE           records that it stands for
-- column calls VARCHAR           database calls, where the record counts them
-- column span VARCHAR            its trace and span, '' where it names none: records of one span tell of one request
-- column example_trace_id VARCHAR its trace
WITH told AS (
  SELECT
    CASE WHEN service_name <> '' THEN service_name ELSE '(no service)' END AS service_name,
    COALESCE(
      NULLIF(attributes['service_version'], ''), NULLIF(attributes['service.version'], ''),
      NULLIF(resource_attributes['service.version'], ''), NULLIF(attributes['version'], ''), ''
    ) AS service_version,
    COALESCE(
      NULLIF(attributes['service.instance.id'], ''), NULLIF(resource_attributes['service.instance.id'], ''),
      NULLIF(attributes['instance'], ''), ''
    ) AS service_instance_id,
    COALESCE(
      NULLIF(attributes['http.route'], ''), NULLIF(attributes['http_route'], ''), NULLIF(attributes['route'], ''),
      NULLIF(attributes['endpoint'], ''), NULLIF(attributes['url.template'], ''), ''
    ) AS route,
    COALESCE(NULLIF(attributes['url.path'], ''), NULLIF(attributes['path'], ''), '') AS path,
    template,
    time_ns,
    COALESCE(
      NULLIF(attributes['duration_ms'], ''), NULLIF(attributes['latency_ms'], ''), NULLIF(attributes['elapsed_ms'], ''),
      NULLIF(attributes['response_time_ms'], ''), NULLIF(attributes['responseTime'], ''), NULLIF(attributes['durationMs'], ''), ''
    ) AS milliseconds,
    COALESCE(
      NULLIF(attributes['http.server.request.duration'], ''), NULLIF(attributes['duration_s'], ''),
      NULLIF(attributes['duration_seconds'], ''), NULLIF(attributes['request_time'], ''), ''
    ) AS seconds,
    COALESCE(NULLIF(attributes['event.duration'], ''), NULLIF(attributes['duration_ns'], ''), '') AS nanoseconds,
    COALESCE(
      NULLIF(attributes['http.response.status_code'], ''), NULLIF(attributes['http_status'], ''),
      NULLIF(attributes['status_code'], ''), NULLIF(attributes['statusCode'], ''), NULLIF(attributes['status'], ''), ''
    ) AS status,
    CAST(adjusted_count AS DOUBLE) AS weight,
    COALESCE(
      NULLIF(attributes['db.queries'], ''), NULLIF(attributes['db_queries'], ''), NULLIF(attributes['db_query_count'], ''),
      NULLIF(attributes['query_count'], ''), NULLIF(attributes['queries'], ''), ''
    ) AS calls,
    CASE WHEN span_id <> '' THEN CONCAT(trace_id, '/', span_id) ELSE '' END AS span,
    trace_id AS example_trace_id
  FROM logs
  WHERE time_ns >= $start_ns AND time_ns < $end_ns AND ($service = '' OR service_name = $service OR (service_name = '' AND $service = '(no service)'))
)
SELECT
  service_name, service_version, service_instance_id, route, path, template, time_ns, milliseconds, seconds, nanoseconds, status, weight, calls,
  span, example_trace_id
FROM told
WHERE (route <> '' OR path <> '') AND status <> ''
  AND ($lengthless OR milliseconds <> '' OR seconds <> '' OR nanoseconds <> '')
ORDER BY service_name, route, path, time_ns, example_trace_id
