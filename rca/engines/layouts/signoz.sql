-- Tables of SigNoz: the index of spans, version 3; logs, version 2; samples and series of metrics, version 4. Attributes of spans
-- and logs are three maps, by the type of their values; newer versions keep the resource as JSON, too.

-- relation spans
-- from distributed_signoz_index_v3 signoz_index_v3
-- needs ts_bucket_start timestamp trace_id span_id parent_span_id name duration_nano attributes_string attributes_number resources_string
-- time timestamp
-- bucket ts_bucket_start 1800
-- trace trace_id
SELECT
  @id(trace_id, 32) AS trace_id,
  @id(span_id, 16) AS span_id,
  @id(parent_span_id, 16) AS parent_span_id,
  COALESCE(NULLIF(@get(resources_string, 'service.name'), ''), @get(resource, 'service.name')) AS service_name,
  name AS span_name,
  CASE WHEN UPPER(@has(kind_string, '')) IN ('SERVER', 'CLIENT', 'INTERNAL', 'PRODUCER', 'CONSUMER')
    THEN UPPER(@has(kind_string, '')) ELSE 'UNSPECIFIED' END AS span_kind,
  @ns(timestamp) AS start_ns,
  duration_nano AS duration_ns,
  CASE WHEN UPPER(@has(status_code_string, '')) IN ('OK', 'ERROR') THEN UPPER(@has(status_code_string, '')) ELSE 'UNSET' END AS status_code,
  @has(status_message, '') AS status_message,
  @get(resources_string, 'service.version') AS service_version,
  @get(resources_string, 'service.instance.id') AS service_instance_id,
  @get(resources_string, 'deployment.environment.name', 'deployment.environment') AS deployment_environment_name,
  @get(attributes_string, 'http.request.method', 'http.method') AS http_request_method,
  @get(attributes_string, 'http.route') AS http_route,
  @whole(COALESCE(
    NULLIF(@get(attributes_string, 'http.response.status_code', 'http.status_code'), ''),
    NULLIF(@counted(attributes_number, 'http.response.status_code'), ''),
    @counted(attributes_number, 'http.status_code')
  )) AS http_response_status_code,
  @get(attributes_string, 'error.type') AS error_type,
  @get(attributes_string, 'server.address', 'net.peer.name', 'peer.hostname') AS server_address,
  @system(@get(attributes_string, 'db.system.name', 'db.system', 'db.type')) AS db_system_name,
  @get(attributes_string, 'db.namespace', 'db.name', 'db.instance', 'db.redis.database_index') AS db_namespace,
  @get(attributes_string, 'db.collection.name', 'db.sql.table', 'db.mongodb.collection', 'db.cassandra.table') AS db_collection_name,
  @get(attributes_string, 'db.operation.name', 'db.operation') AS db_operation_name,
  @get(attributes_string, 'db.query.text', 'db.statement', 'sql.query') AS db_query_text,
  @calls(COALESCE(
    NULLIF(@counted(attributes_number, 'composite.count'), ''),
    NULLIF(@counted(attributes_number, 'span.composite.count'), ''),
    @counted(attributes_number, 'db.operation.batch.size')
  )) AS calls,
  @weight(attributes_string, @has(trace_state, '')) AS adjusted_count,
  @merged(attributes_string, attributes_number, attributes_bool, trace_state) AS attributes,
  @map(resources_string) AS resource_attributes
FROM @source()

-- relation logs
-- from distributed_logs_v2 logs_v2
-- needs timestamp body severity_text severity_number attributes_string attributes_number resources_string
-- time timestamp
-- bucket ts_bucket_start 1800
-- trace trace_id
SELECT
  @ns(timestamp) AS time_ns,
  COALESCE(NULLIF(@get(resources_string, 'service.name'), ''), @get(resource, 'service.name')) AS service_name,
  severity_number AS severity_number,
  severity_text AS severity_text,
  body AS body,
  @id(@has(trace_id, ''), 32) AS trace_id,
  @id(@has(span_id, ''), 16) AS span_id,
  @get(attributes_string, 'request_id', 'request.id', 'requestId', 'correlation_id', 'correlation.id', 'correlationId', 'x-request-id') AS request_id,
  @merged(attributes_string, attributes_number, attributes_bool, trace_state) AS attributes,
  @map(resources_string) AS resource_attributes
FROM @source()

-- A series has a row an hour; its samples are whole milliseconds. Of histograms and summaries the exporter makes series of their own, by a
-- suffix: counts, sums and buckets rise, the least, the greatest and the quantiles do not.

-- relation metrics
-- from distributed_samples_v4 samples_v4
-- needs temporality metric_name fingerprint unix_milli value
-- beside time_series_v4
-- time unix_milli 1000000
SELECT
  unix_milli * 1000000 AS time_ns,
  series_service AS service_name,
  metric_name AS metric_name,
  series_unit AS unit,
  CASE WHEN series_rises = 1 THEN 'sum' ELSE 'gauge' END AS metric_type,
  CASE WHEN series_rises = 1 THEN LOWER(temporality) ELSE '' END AS temporality,
  CASE WHEN series_rises = 1 THEN series_monotonic ELSE NULL END AS is_monotonic,
  value AS value,
  series_attributes AS attributes,
  series_resource AS resource_attributes
FROM @source()
JOIN (
  SELECT
    metric_name AS series_name, fingerprint AS series_fingerprint, @any(unit) AS series_unit, @any(is_monotonic) AS series_monotonic,
    @any(@get(resource_attrs, 'service.name', 'service_name')) AS series_service,
    @any(@plain(attrs)) AS series_attributes, @any(@plain(resource_attrs)) AS series_resource,
    MAX(CASE WHEN temporality IN ('Cumulative', 'Delta') AND type <> 'Gauge'
      AND metric_name NOT LIKE '%.min' AND metric_name NOT LIKE '%.max' AND metric_name NOT LIKE '%.quantile' THEN 1 ELSE 0 END) AS series_rises
  FROM @beside()
  GROUP BY metric_name, fingerprint
) AS series ON metric_name = series_name AND fingerprint = series_fingerprint
