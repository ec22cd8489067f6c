-- Tables of the OpenTelemetry collector's ClickHouse exporter, of ClickStack, and of what writes the same names into Parquet.
-- Attributes are maps or JSON; old versions lack columns, and keep times in whole seconds.

-- relation spans
-- from otel_traces
-- needs TraceId SpanId ParentSpanId SpanName Duration Timestamp
-- time Timestamp
-- trace TraceId
SELECT
  @id(TraceId, 32) AS trace_id,
  @id(SpanId, 16) AS span_id,
  @id(ParentSpanId, 16) AS parent_span_id,
  CASE WHEN @has(ServiceName, '') <> '' THEN @has(ServiceName, '') ELSE @get(ResourceAttributes, 'service.name') END AS service_name,
  SpanName AS span_name,
  CASE WHEN REPLACE(UPPER(@has(SpanKind, '')), 'SPAN_KIND_', '') IN ('SERVER', 'CLIENT', 'INTERNAL', 'PRODUCER', 'CONSUMER')
    THEN REPLACE(UPPER(@has(SpanKind, '')), 'SPAN_KIND_', '') ELSE 'UNSPECIFIED' END AS span_kind,
  @ns(Timestamp) AS start_ns,
  Duration AS duration_ns,
  CASE WHEN REPLACE(UPPER(@has(StatusCode, '')), 'STATUS_CODE_', '') IN ('OK', 'ERROR')
    THEN REPLACE(UPPER(@has(StatusCode, '')), 'STATUS_CODE_', '') ELSE 'UNSET' END AS status_code,
  @has(StatusMessage, '') AS status_message,
  COALESCE(NULLIF(@get(ResourceAttributes, 'service.version'), ''), @get(SpanAttributes, 'service.version')) AS service_version,
  COALESCE(NULLIF(@get(ResourceAttributes, 'service.instance.id'), ''), @get(SpanAttributes, 'service.instance.id')) AS service_instance_id,
  COALESCE(
    NULLIF(@get(ResourceAttributes, 'deployment.environment.name', 'deployment.environment'), ''),
    @get(SpanAttributes, 'deployment.environment.name', 'deployment.environment')
  ) AS deployment_environment_name,
  @get(SpanAttributes, 'http.request.method', 'http.method') AS http_request_method,
  @get(SpanAttributes, 'http.route') AS http_route,
  @whole(@get(SpanAttributes, 'http.response.status_code', 'http.status_code')) AS http_response_status_code,
  @get(SpanAttributes, 'error.type') AS error_type,
  @get(SpanAttributes, 'server.address', 'net.peer.name', 'peer.hostname') AS server_address,
  @system(@get(SpanAttributes, 'db.system.name', 'db.system', 'db.type')) AS db_system_name,
  @get(SpanAttributes, 'db.namespace', 'db.name', 'db.instance', 'db.redis.database_index') AS db_namespace,
  @get(SpanAttributes, 'db.collection.name', 'db.sql.table', 'db.mongodb.collection', 'db.cassandra.table') AS db_collection_name,
  @get(SpanAttributes, 'db.operation.name', 'db.operation') AS db_operation_name,
  @get(SpanAttributes, 'db.query.text', 'db.statement', 'sql.query') AS db_query_text,
  @calls(@get(SpanAttributes, 'composite.count', 'span.composite.count', 'db.operation.batch.size')) AS calls,
  @weight(SpanAttributes, @has(TraceState, '')) AS adjusted_count,
  @map(SpanAttributes, 'otel.scope.name', ScopeName, 'otel.scope.version', ScopeVersion, 'w3c.tracestate', TraceState) AS attributes,
  @map(ResourceAttributes, 'service.name', ServiceName) AS resource_attributes
FROM @source()

-- relation logs
-- from otel_logs
-- needs Timestamp Body SeverityText SeverityNumber
-- time Timestamp
-- trace TraceId
SELECT
  @ns(Timestamp) AS time_ns,
  CASE WHEN @has(ServiceName, '') <> '' THEN @has(ServiceName, '') ELSE @get(ResourceAttributes, 'service.name') END AS service_name,
  SeverityNumber AS severity_number,
  SeverityText AS severity_text,
  Body AS body,
  @id(@has(TraceId, ''), 32) AS trace_id,
  @id(@has(SpanId, ''), 16) AS span_id,
  @get(LogAttributes, 'request_id', 'request.id', 'requestId', 'correlation_id', 'correlation.id', 'correlationId', 'x-request-id') AS request_id,
  @map(LogAttributes, 'otel.scope.name', ScopeName, 'otel.scope.version', ScopeVersion) AS attributes,
  @map(ResourceAttributes, 'service.name', ServiceName) AS resource_attributes
FROM @source()

-- relation metrics
-- from otel_metrics_gauge
-- needs MetricName TimeUnix Value
-- without IsMonotonic ExplicitBounds PositiveOffset
-- time TimeUnix
SELECT
  @ns(TimeUnix) AS time_ns,
  @ns(StartTimeUnix) AS start_time_ns,
  MetricName AS metric_name,
  CASE WHEN @has(ServiceName, '') <> '' THEN @has(ServiceName, '') ELSE @get(ResourceAttributes, 'service.name') END AS service_name,
  @has(MetricUnit, '') AS unit,
  'gauge' AS metric_type,
  Value AS value,
  @map(Attributes, 'otel.scope.name', ScopeName, 'otel.scope.version', ScopeVersion) AS attributes,
  @map(ResourceAttributes, 'service.name', ServiceName) AS resource_attributes
FROM @source()

-- relation metrics
-- from otel_metrics_sum
-- needs MetricName TimeUnix Value IsMonotonic
-- time TimeUnix
SELECT
  @ns(TimeUnix) AS time_ns,
  @ns(StartTimeUnix) AS start_time_ns,
  MetricName AS metric_name,
  CASE WHEN @has(ServiceName, '') <> '' THEN @has(ServiceName, '') ELSE @get(ResourceAttributes, 'service.name') END AS service_name,
  @has(MetricUnit, '') AS unit,
  'sum' AS metric_type,
  CASE WHEN @has(AggregationTemporality, @has(AggTemporality, 2)) = 1 THEN 'delta' ELSE 'cumulative' END AS temporality,
  IsMonotonic AS is_monotonic,
  Value AS value,
  @map(Attributes, 'otel.scope.name', ScopeName, 'otel.scope.version', ScopeVersion) AS attributes,
  @map(ResourceAttributes, 'service.name', ServiceName) AS resource_attributes
FROM @source()

-- relation metrics
-- from otel_metrics_histogram
-- needs MetricName TimeUnix Count Sum BucketCounts ExplicitBounds
-- time TimeUnix
SELECT
  @ns(TimeUnix) AS time_ns,
  @ns(StartTimeUnix) AS start_time_ns,
  MetricName AS metric_name,
  CASE WHEN @has(ServiceName, '') <> '' THEN @has(ServiceName, '') ELSE @get(ResourceAttributes, 'service.name') END AS service_name,
  @has(MetricUnit, '') AS unit,
  'histogram' AS metric_type,
  CASE WHEN @has(AggregationTemporality, @has(AggTemporality, 2)) = 1 THEN 'delta' ELSE 'cumulative' END AS temporality,
  @has(Count, NULL) AS count,
  @has(Sum, NULL) AS sum,
  ExplicitBounds AS bounds,
  BucketCounts AS bucket_counts,
  @map(Attributes, 'otel.scope.name', ScopeName, 'otel.scope.version', ScopeVersion) AS attributes,
  @map(ResourceAttributes, 'service.name', ServiceName) AS resource_attributes
FROM @source()

-- relation metrics
-- from otel_metrics_exponential_histogram otel_metrics_exp_histogram
-- needs MetricName TimeUnix Count Sum Scale PositiveOffset PositiveBucketCounts
-- time TimeUnix
SELECT
  @ns(TimeUnix) AS time_ns,
  @ns(StartTimeUnix) AS start_time_ns,
  MetricName AS metric_name,
  CASE WHEN @has(ServiceName, '') <> '' THEN @has(ServiceName, '') ELSE @get(ResourceAttributes, 'service.name') END AS service_name,
  @has(MetricUnit, '') AS unit,
  'exponential_histogram' AS metric_type,
  CASE WHEN @has(AggregationTemporality, @has(AggTemporality, 2)) = 1 THEN 'delta' ELSE 'cumulative' END AS temporality,
  @has(Count, NULL) AS count,
  @has(Sum, NULL) AS sum,
  PositiveBucketCounts AS bucket_counts,
  Scale AS scale,
  @has(ZeroCount, 0) AS zero_count,
  PositiveOffset AS positive_offset,
  @map(Attributes, 'otel.scope.name', ScopeName, 'otel.scope.version', ScopeVersion) AS attributes,
  @map(ResourceAttributes, 'service.name', ServiceName) AS resource_attributes
FROM @source()

-- relation metrics
-- from otel_metrics_summary
-- needs MetricName TimeUnix Count Sum
-- without BucketCounts PositiveBucketCounts
-- time TimeUnix
SELECT
  @ns(TimeUnix) AS time_ns,
  @ns(StartTimeUnix) AS start_time_ns,
  MetricName AS metric_name,
  CASE WHEN @has(ServiceName, '') <> '' THEN @has(ServiceName, '') ELSE @get(ResourceAttributes, 'service.name') END AS service_name,
  @has(MetricUnit, '') AS unit,
  'summary' AS metric_type,
  @has(Count, NULL) AS count,
  @has(Sum, NULL) AS sum,
  @map(Attributes, 'otel.scope.name', ScopeName, 'otel.scope.version', ScopeVersion) AS attributes,
  @map(ResourceAttributes, 'service.name', ServiceName) AS resource_attributes
FROM @source()

-- relation span_events
-- from otel_traces
-- needs TraceId SpanId Events.Timestamp Events.Name Events.Attributes
-- time Timestamp
-- trace TraceId
SELECT
  @id(TraceId, 32) AS trace_id,
  @id(SpanId, 16) AS span_id,
  @at(each_1) AS time_ns,
  each_2 AS event_name,
  @pairs(Events.Attributes, each_3) AS attributes
FROM @each(Events.Timestamp, Events.Name, Events.Attributes)

-- relation span_links
-- from otel_traces
-- needs TraceId SpanId Links.TraceId Links.SpanId Links.Attributes
-- time Timestamp
-- trace TraceId
SELECT
  @id(TraceId, 32) AS trace_id,
  @id(SpanId, 16) AS span_id,
  @id(each_1, 32) AS linked_trace_id,
  @id(each_2, 16) AS linked_span_id,
  @pairs(Links.Attributes, each_3) AS attributes
FROM @each(Links.TraceId, Links.SpanId, Links.Attributes)
