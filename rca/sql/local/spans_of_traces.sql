-- spans_of_traces: the spans of a list of traces, for an engine that takes a list as a parameter.
-- param $trace_ids VARCHAR[]           the traces
-- column trace_id VARCHAR              the trace
-- column span_id VARCHAR               the span
-- column parent_span_id VARCHAR        its parent; '' for a root
-- column service_name VARCHAR          service.name
-- column span_name VARCHAR             name of the operation
-- column span_kind VARCHAR             SERVER CLIENT INTERNAL PRODUCER CONSUMER UNSPECIFIED
-- column start_ns BIGINT               start
-- column duration_ns BIGINT            length
-- column reference_type VARCHAR        how it refers to its parent, where the tracer says: follows_from does not block
SELECT
  trace_id,
  span_id,
  parent_span_id,
  service_name,
  span_name,
  span_kind,
  start_ns,
  duration_ns,
  COALESCE(attributes['opentracing.ref_type'], '') AS reference_type
FROM spans
WHERE trace_id IN (SELECT UNNEST($trace_ids))
ORDER BY trace_id, record_no, span_id, span_kind
