-- The obvious way: a typed nested read_ndjson, three unnests, and the columns of the table `spans` from maps.
-- Every expression of a parent is computed before its children are unnested, so that it runs once a parent.
INSERT INTO spans
WITH line AS (
  SELECT unnest(resourceSpans) AS entry
  FROM read_ndjson($path, maximum_object_size = 33554432, columns = {resourceSpans: 'STRUCT(
    resource STRUCT(attributes STRUCT("key" VARCHAR, "value" STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue DOUBLE, boolValue BOOLEAN))[]),
    scopeSpans STRUCT(
      scope STRUCT("name" VARCHAR, "version" VARCHAR),
      spans STRUCT(
        traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, "name" VARCHAR, kind INTEGER,
        startTimeUnixNano BIGINT, endTimeUnixNano BIGINT,
        attributes STRUCT("key" VARCHAR, "value" STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue DOUBLE, boolValue BOOLEAN))[],
        status STRUCT(code INTEGER, message VARCHAR))[])[])[]'})
),
resource AS (
  SELECT
    map(
      list_transform(entry.resource.attributes, lambda pair: pair."key"),
      list_transform(entry.resource.attributes, lambda pair: coalesce(
        pair."value".stringValue, pair."value".intValue, CAST(pair."value".doubleValue AS VARCHAR), CAST(pair."value".boolValue AS VARCHAR)))) AS resource_attributes,
    entry.scopeSpans AS scopes
  FROM line
),
scope AS (SELECT resource_attributes, unnest(scopes) AS entry FROM resource),
span AS (SELECT resource_attributes, entry.scope.name AS scope_name, entry.scope.version AS scope_version, unnest(entry.spans) AS span FROM scope),
mapped AS (
  SELECT
    span, resource_attributes,
    map(
      list_concat(['otel.scope.name', 'otel.scope.version'], list_transform(span.attributes, lambda pair: pair."key")),
      list_concat([scope_name, scope_version], list_transform(span.attributes, lambda pair: coalesce(
        pair."value".stringValue, pair."value".intValue, CAST(pair."value".doubleValue AS VARCHAR), CAST(pair."value".boolValue AS VARCHAR))))) AS attributes
  FROM span
)
SELECT
  span.traceId, span.spanId, coalesce(span.parentSpanId, ''), coalesce(resource_attributes['service.name'], ''), span.name,
  ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'][coalesce(span.kind, 0) + 1],
  span.startTimeUnixNano, span.endTimeUnixNano - span.startTimeUnixNano,
  ['UNSET', 'OK', 'ERROR'][coalesce(span.status.code, 0) + 1], coalesce(span.status.message, ''),
  coalesce(resource_attributes['service.version'], ''), coalesce(resource_attributes['service.instance.id'], ''),
  coalesce(resource_attributes['deployment.environment.name'], resource_attributes['deployment.environment'], ''),
  coalesce(attributes['http.request.method'], attributes['http.method'], ''), coalesce(attributes['http.route'], ''),
  TRY_CAST(coalesce(attributes['http.response.status_code'], attributes['http.status_code']) AS INTEGER),
  coalesce(attributes['error.type'], ''), coalesce(attributes['server.address'], attributes['net.peer.name'], ''),
  coalesce(attributes['db.system.name'], attributes['db.system'], ''), coalesce(attributes['db.namespace'], attributes['db.name'], ''),
  coalesce(attributes['db.collection.name'], attributes['db.sql.table'], ''),
  coalesce(attributes['db.operation.name'], attributes['db.operation'], ''),
  coalesce(attributes['db.query.text'], attributes['db.statement'], ''), '', 1, 1.0, attributes, resource_attributes, 'baseline', 0
FROM mapped
