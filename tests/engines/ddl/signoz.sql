-- The index of spans and the logs of SigNoz, filled from Parquet files of the canonical tables.

CREATE TABLE signoz_index_v3 (
  ts_bucket_start UInt64, resource_fingerprint String, timestamp DateTime64(9), trace_id FixedString(32), span_id String, trace_state String,
  parent_span_id String, flags UInt32, name LowCardinality(String), kind Int8, kind_string String, duration_nano UInt64,
  status_code Int16, status_message String, status_code_string String,
  attributes_string Map(LowCardinality(String), String), attributes_number Map(LowCardinality(String), Float64),
  attributes_bool Map(LowCardinality(String), Bool), resources_string Map(LowCardinality(String), String)
) ENGINE = MergeTree ORDER BY (ts_bucket_start, resource_fingerprint, name, timestamp);

INSERT INTO signoz_index_v3
SELECT
  intDiv(assumeNotNull(start_ns), 1800000000000) * 1800, '', fromUnixTimestamp64Nano(assumeNotNull(start_ns)), trace_id, span_id, attributes['w3c.tracestate'],
  parent_span_id, 1, span_name, 0, initcap(span_kind), duration_ns, 0, status_message, initcap(status_code),
  CAST(mapFilter((k, v) -> k NOT IN ('w3c.tracestate', 'http.response.status_code', 'server.port'), attributes) AS Map(String, String)),
  CAST(mapFilter((k, v) -> k IN ('http.response.status_code', 'server.port'), attributes) AS Map(String, Float64)),
  map(), mapConcat(CAST(resource_attributes AS Map(String, String)), map('service.name', service_name))
FROM file('{folder}/spans.parquet', Parquet);

CREATE TABLE logs_v2 (
  ts_bucket_start UInt64, resource_fingerprint String, timestamp UInt64, observed_timestamp UInt64, id String, trace_id String, span_id String,
  trace_flags UInt32, severity_text LowCardinality(String), severity_number UInt8, body String,
  attributes_string Map(LowCardinality(String), String), attributes_number Map(LowCardinality(String), Float64),
  attributes_bool Map(LowCardinality(String), Bool), resources_string Map(LowCardinality(String), String)
) ENGINE = MergeTree ORDER BY (ts_bucket_start, resource_fingerprint, severity_text, timestamp);

INSERT INTO logs_v2
SELECT
  0, '', time_ns, 0, '', trace_id, span_id, 0, severity_text, severity_number, body,
  mapFilter((k, v) -> v <> '', mapConcat(CAST(attributes AS Map(String, String)), map('request_id', request_id))), map(), map(), mapConcat(CAST(resource_attributes AS Map(String, String)), map('service.name', service_name))
FROM file('{folder}/logs.parquet', Parquet);

CREATE TABLE samples_v4 (
  env LowCardinality(String) DEFAULT 'default', temporality LowCardinality(String) DEFAULT 'Unspecified', metric_name LowCardinality(String),
  fingerprint UInt64, unix_milli Int64, value Float64, flags UInt32 DEFAULT 0
) ENGINE = MergeTree PARTITION BY toDate(unix_milli / 1000) ORDER BY (env, temporality, metric_name, fingerprint, unix_milli);

CREATE TABLE time_series_v4 (
  env LowCardinality(String) DEFAULT 'default', temporality LowCardinality(String) DEFAULT 'Unspecified', metric_name LowCardinality(String),
  description LowCardinality(String) DEFAULT '', unit LowCardinality(String) DEFAULT '', type LowCardinality(String) DEFAULT '', is_monotonic Bool DEFAULT false,
  fingerprint UInt64, unix_milli Int64, labels String,
  attrs Map(LowCardinality(String), String) DEFAULT map(), scope_attrs Map(LowCardinality(String), String) DEFAULT map(),
  resource_attrs Map(LowCardinality(String), String) DEFAULT map(), `__normalized` Bool DEFAULT true
) ENGINE = ReplacingMergeTree PARTITION BY toDate(unix_milli / 1000) ORDER BY (env, temporality, metric_name, fingerprint, unix_milli);

INSERT INTO samples_v4 (temporality, metric_name, fingerprint, unix_milli, value)
SELECT if(metric_type = 'sum', initcap(temporality), 'Unspecified'), metric_name, cityHash64(metric_name, service_name, toString(attributes), toString(resource_attributes)), intDiv(time_ns, 1000000), assumeNotNull(value)
FROM file('{folder}/metrics.parquet', Parquet) WHERE metric_type IN ('gauge', 'sum') AND value IS NOT NULL;

INSERT INTO time_series_v4 (temporality, metric_name, unit, type, is_monotonic, fingerprint, unix_milli, attrs, resource_attrs)
SELECT DISTINCT
  if(metric_type = 'sum', initcap(temporality), 'Unspecified'), metric_name, unit, if(metric_type = 'sum', 'Sum', 'Gauge'), ifNull(is_monotonic, false),
  cityHash64(metric_name, service_name, toString(attributes), toString(resource_attributes)), intDiv(time_ns, 3600000000000) * 3600000,
  mapConcat(CAST(attributes AS Map(String, String)), map('__temporality__', 'Cumulative')),
  mapConcat(CAST(resource_attributes AS Map(String, String)), map('service.name', service_name))
FROM file('{folder}/metrics.parquet', Parquet) WHERE metric_type IN ('gauge', 'sum') AND value IS NOT NULL;

-- the table that every SigNoz has beside: an hour of a series at a coarser grain, with the same columns
CREATE TABLE time_series_v4_6hrs AS time_series_v4
