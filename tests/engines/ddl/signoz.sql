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
FROM file('{folder}/logs.parquet', Parquet)
