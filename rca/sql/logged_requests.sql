-- logged_requests: one row a log record that says how a request went: a route, a status, a length and what else it tells, as written.
-- Every field is looked for under the names that loggers, proxies and platforms give it. Lengths are the record's own text and the
-- unit of its field, where the text does not bring one; where a text holds several numbers, they add up.
-- param  $service VARCHAR        one service, '(no service)' for records that name none, or '' for all
-- param  $start_ns BIGINT         records at or after
-- param  $end_ns BIGINT           and before
-- param  $lengthless BOOLEAN       also records that do not say how long it took
-- column service_name VARCHAR    service that wrote it, or '(no service)'
-- column service_version VARCHAR version as the record or its resource gives it
-- column service_instance_id VARCHAR service.instance.id, or what the record calls its instance
-- column route VARCHAR           template of the path, where the record has one
-- column path VARCHAR            the path or URL itself
-- column template VARCHAR        template of the whole record
-- column time_ns BIGINT          time of the record
-- column length VARCHAR          how long it took; '' where it does not say
-- column in_database VARCHAR     of this, time in database calls
-- column in_backend VARCHAR      time in what was called on, connecting included: upstream, target, integration, origin
-- column connecting VARCHAR      time until that was connected
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
    COALESCE(
      NULLIF(attributes['url.path'], ''), NULLIF(attributes['path'], ''), NULLIF(attributes['uri'], ''),
      NULLIF(attributes['request.uri'], ''), NULLIF(attributes['RequestPath'], ''), NULLIF(attributes['req.url'], ''),
      NULLIF(attributes['request_uri'], ''), NULLIF(attributes['cs-uri-stem'], ''), NULLIF(attributes['http.target'], ''),
      NULLIF(attributes['httpRequest.requestUrl'], ''), NULLIF(attributes['http.url'], ''), ''
    ) AS path,
    template,
    time_ns,
    COALESCE(
      NULLIF(attributes['duration_ms'], '') || 'ms', NULLIF(attributes['latency_ms'], '') || 'ms',
      NULLIF(attributes['elapsed_ms'], '') || 'ms', NULLIF(attributes['response_time_ms'], '') || 'ms',
      NULLIF(attributes['responseTime'], '') || 'ms', NULLIF(attributes['durationMs'], '') || 'ms',
      NULLIF(attributes['responseLatency'], '') || 'ms', NULLIF(attributes['ElapsedMilliseconds'], '') || 'ms',
      NULLIF(attributes['haproxy.Tt'], '') || 'ms',
      NULLIF(attributes['http.server.request.duration'], '') || 's', NULLIF(attributes['duration_s'], '') || 's',
      NULLIF(attributes['duration_seconds'], '') || 's', NULLIF(attributes['request_time'], '') || 's',
      NULLIF(attributes['rt'], '') || 's',
      NULLIF(attributes['event.duration'], '') || 'ns', NULLIF(attributes['duration_ns'], '') || 'ns',
      NULLIF(attributes['Duration'], '') || CASE WHEN attributes['OriginDuration'] <> '' THEN 'ns' ELSE '' END,
      NULLIF(attributes['httpRequest.latency'], ''), NULLIF(attributes['latency_human'], ''),
      NULLIF(attributes['Elapsed'], '') || CASE WHEN attributes['RequestPath'] <> '' THEN 'ms' ELSE '' END,
      NULLIF(attributes['time-taken'], '') || CASE WHEN attributes['sc-win32-status'] <> '' THEN 'ms' ELSE 's' END,
      -- everybody's word: milliseconds of Envoy and of Rails, seconds of Caddy, a text with its unit of others
      NULLIF(attributes['duration'], '') || CASE
        WHEN attributes['response_code'] <> '' OR attributes['controller'] <> '' THEN 'ms'
        WHEN attributes['logger'] LIKE 'http.log.access%' THEN 's'
        ELSE ''
      END,
      NULLIF(attributes['latency'], ''), NULLIF(attributes['elapsed'], ''),
      NULLIF(attributes['target_processing_time'], '') || ' ' || attributes['request_processing_time'] || ' '
        || attributes['response_processing_time'] || 's',
      CASE WHEN attributes['dyno'] <> '' THEN attributes['connect'] || ' ' || attributes['service'] END,
      ''
    ) AS length,
    COALESCE(
      NULLIF(attributes['db_ms'], '') || 'ms', NULLIF(attributes['db_duration_ms'], '') || 'ms',
      NULLIF(attributes['db_time_ms'], '') || 'ms', NULLIF(attributes['db.duration_ms'], '') || 'ms',
      NULLIF(attributes['dbDurationMs'], '') || 'ms', NULLIF(attributes['db_runtime'], '') || 'ms',
      NULLIF(attributes['sql_ms'], '') || 'ms', NULLIF(attributes['db_duration_s'], '') || 's',
      CASE WHEN attributes['controller'] <> '' THEN NULLIF(attributes['db'], '') || 'ms' END, ''
    ) AS in_database,
    COALESCE(
      NULLIF(attributes['upstream_response_time'], '') || 's', NULLIF(attributes['urt'], '') || 's',
      NULLIF(attributes['upstream_service_time_ms'], '') || 'ms',
      NULLIF(attributes['upstream_service_time'], '') || 'ms',
      NULLIF(attributes['target_processing_time'], '') || 's', NULLIF(attributes['haproxy.Tr'], '') || ' ' || attributes['haproxy.Tc'] || 'ms',
      NULLIF(attributes['integrationLatency'], '') || 'ms', NULLIF(attributes['OriginDuration'], '') || 'ns',
      CASE WHEN attributes['dyno'] <> '' THEN attributes['service'] || ' ' || attributes['connect'] END, ''
    ) AS in_backend,
    COALESCE(
      NULLIF(attributes['upstream_connect_time'], '') || 's', NULLIF(attributes['uct'], '') || 's',
      NULLIF(attributes['haproxy.Tc'], '') || 'ms', CASE WHEN attributes['dyno'] <> '' THEN NULLIF(attributes['connect'], '') END, ''
    ) AS connecting,
    COALESCE(
      NULLIF(attributes['http.response.status_code'], ''), NULLIF(attributes['http_status'], ''),
      NULLIF(attributes['status_code'], ''), NULLIF(attributes['statusCode'], ''), NULLIF(attributes['status'], ''),
      NULLIF(attributes['response_code'], ''), NULLIF(attributes['DownstreamStatus'], ''),
      NULLIF(attributes['httpRequest.status'], ''), NULLIF(attributes['res.statusCode'], ''),
      NULLIF(attributes['StatusCode'], ''), NULLIF(attributes['sc-status'], ''), NULLIF(attributes['http.status_code'], ''), ''
    ) AS status,
    CAST(adjusted_count AS DOUBLE) AS weight,
    COALESCE(
      NULLIF(attributes['db.queries'], ''), NULLIF(attributes['db_queries'], ''), NULLIF(attributes['db_query_count'], ''),
      NULLIF(attributes['db_count'], ''), NULLIF(attributes['query_count'], ''), NULLIF(attributes['queries'], ''), ''
    ) AS calls,
    CASE WHEN span_id <> '' THEN CONCAT(trace_id, '/', span_id) ELSE '' END AS span,
    trace_id AS example_trace_id
  FROM logs
  WHERE time_ns >= $start_ns AND time_ns < $end_ns AND ($service = '' OR service_name = $service OR (service_name = '' AND $service = '(no service)'))
)
SELECT
  service_name, service_version, service_instance_id, route, path, template, time_ns, length, in_database, in_backend, connecting, status,
  weight, calls, span, example_trace_id
FROM told
WHERE (route <> '' OR path <> '') AND status <> ''
  AND ($lengthless OR length <> '')
ORDER BY service_name, route, path, time_ns, example_trace_id
