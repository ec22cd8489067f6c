-- The tables of the collector's ClickHouse exporter, with what they hold taken from Parquet files of the canonical tables.
-- {attributes} is the type of attributes, {time} the type of metrics' times.

CREATE TABLE otel_traces (
  Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String,
  SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
  ResourceAttributes {attributes}, ScopeName String, ScopeVersion String, SpanAttributes {attributes},
  Duration UInt64, StatusCode LowCardinality(String), StatusMessage String,
  Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), Attributes {attributes}),
  Links Nested(TraceId String, SpanId String, TraceState String, Attributes {attributes})
) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, SpanName, toDateTime(Timestamp));

INSERT INTO otel_traces
SELECT
  fromUnixTimestamp64Nano(assumeNotNull(s.start_ns)), s.trace_id, s.span_id, s.parent_span_id, s.attributes['w3c.tracestate'],
  s.span_name, initcap(s.span_kind), s.service_name, {resource},
  s.attributes['otel.scope.name'], s.attributes['otel.scope.version'],
  {own}, s.duration_ns, initcap(s.status_code), s.status_message,
  e.times, e.names, e.maps, [], [], [], []
FROM file('{folder}/spans.parquet', Parquet) AS s
LEFT JOIN (
  SELECT trace_id, span_id, groupArray(fromUnixTimestamp64Nano(assumeNotNull(time_ns))) AS times, groupArray(event_name) AS names, groupArray({event}) AS maps
  FROM file('{folder}/span_events.parquet', Parquet)
  GROUP BY trace_id, span_id
) AS e ON s.trace_id = e.trace_id AND s.span_id = e.span_id;

CREATE TABLE otel_logs (
  Timestamp DateTime64(9), TimestampTime DateTime DEFAULT toDateTime(Timestamp), TraceId String, SpanId String, TraceFlags UInt8,
  SeverityText LowCardinality(String), SeverityNumber UInt8, ServiceName LowCardinality(String), Body String,
  ResourceAttributes {attributes}, ScopeName String, ScopeVersion String, LogAttributes {attributes}
) ENGINE = MergeTree ORDER BY (ServiceName, TimestampTime, Timestamp);

INSERT INTO otel_logs (Timestamp, TraceId, SpanId, TraceFlags, SeverityText, SeverityNumber, ServiceName, Body, ResourceAttributes, ScopeName, ScopeVersion, LogAttributes)
SELECT
  fromUnixTimestamp64Nano(assumeNotNull(s.time_ns)), s.trace_id, s.span_id, 1, s.severity_text, s.severity_number, s.service_name, s.body,
  {resource}, s.attributes['otel.scope.name'], s.attributes['otel.scope.version'], {log}
FROM file('{folder}/logs.parquet', Parquet) AS s;

CREATE TABLE otel_metrics_gauge (
  ResourceAttributes {attributes}, ScopeName String, ServiceName LowCardinality(String), MetricName String, MetricUnit String,
  Attributes {attributes}, StartTimeUnix {time}, TimeUnix {time}, Value Float64, Flags UInt32
) ENGINE = MergeTree ORDER BY (ServiceName, MetricName, TimeUnix);

INSERT INTO otel_metrics_gauge
SELECT {resource}, '', s.service_name, s.metric_name, s.unit, {own}, 0, fromUnixTimestamp64Nano(assumeNotNull(s.time_ns)), s.value, 0
FROM file('{folder}/metrics.parquet', Parquet) AS s WHERE s.metric_type = 'gauge';

CREATE TABLE otel_metrics_sum (
  ResourceAttributes {attributes}, ScopeName String, ServiceName LowCardinality(String), MetricName String, MetricUnit String,
  Attributes {attributes}, StartTimeUnix {time}, TimeUnix {time}, Value Float64, Flags UInt32,
  AggregationTemporality Int32, IsMonotonic Boolean
) ENGINE = MergeTree ORDER BY (ServiceName, MetricName, TimeUnix);

INSERT INTO otel_metrics_sum
SELECT {resource}, '', s.service_name, s.metric_name, s.unit, {own}, 0, fromUnixTimestamp64Nano(assumeNotNull(s.time_ns)), s.value, 0,
  if(s.temporality = 'delta', 1, 2), ifNull(s.is_monotonic, false)
FROM file('{folder}/metrics.parquet', Parquet) AS s WHERE s.metric_type = 'sum';

CREATE TABLE otel_metrics_histogram (
  ResourceAttributes {attributes}, ScopeName String, ServiceName LowCardinality(String), MetricName String, MetricUnit String,
  Attributes {attributes}, StartTimeUnix {time}, TimeUnix {time}, Count UInt64, Sum Float64, BucketCounts Array(UInt64),
  ExplicitBounds Array(Float64), AggregationTemporality Int32
) ENGINE = MergeTree ORDER BY (ServiceName, MetricName, TimeUnix);

INSERT INTO otel_metrics_histogram
SELECT {resource}, '', s.service_name, s.metric_name, s.unit, {own}, 0, fromUnixTimestamp64Nano(assumeNotNull(s.time_ns)), s.`count`, s.`sum`,
  s.bucket_counts, s.bounds, if(s.temporality = 'delta', 1, 2)
FROM file('{folder}/metrics.parquet', Parquet) AS s WHERE s.metric_type = 'histogram'
