-- Tables of SigNoz: the index of spans, version 3, and logs, version 2. Attributes are three maps, by the type of their values.

-- relation spans
-- from distributed_signoz_index_v3 signoz_index_v3
-- needs ts_bucket_start timestamp trace_id span_id parent_span_id name duration_nano attributes_string attributes_number resources_string
-- time timestamp
-- trace trace_id
SELECT
  @id(trace_id, 32) AS trace_id,
  @id(span_id, 16) AS span_id,
  @id(parent_span_id, 16) AS parent_span_id,
  @get(resources_string, 'service.name') AS service_name,
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
-- trace trace_id
SELECT
  @ns(timestamp) AS time_ns,
  @get(resources_string, 'service.name') AS service_name,
  severity_number AS severity_number,
  severity_text AS severity_text,
  body AS body,
  @id(@has(trace_id, ''), 32) AS trace_id,
  @id(@has(span_id, ''), 16) AS span_id,
  @get(attributes_string, 'request_id', 'request.id', 'requestId', 'correlation_id', 'correlation.id', 'correlationId', 'x-request-id') AS request_id,
  @merged(attributes_string, attributes_number, attributes_bool, trace_state) AS attributes,
  @map(resources_string) AS resource_attributes
FROM @source()
