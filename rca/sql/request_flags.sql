-- request_flags: feature flags that were evaluated while requests of a service were served.
-- param $service VARCHAR               service whose SERVER and CONSUMER spans are requests
-- param $from_ns BIGINT                first start that counts
-- param $to_ns BIGINT                  first start that does not count any more
-- column trace_id VARCHAR              the trace
-- column flag VARCHAR                  feature_flag.key
-- column variant VARCHAR               what it came to
SELECT DISTINCT trace_id, flag, variant
FROM (
  SELECT
    trace_id,
    COALESCE(attributes['feature_flag.key'], '') AS flag,
    COALESCE(attributes['feature_flag.result.variant'], attributes['feature_flag.variant'], attributes['feature_flag.result.value'], '') AS variant
  FROM span_events
  WHERE event_name LIKE 'feature_flag%'
  UNION ALL
  SELECT
    trace_id,
    COALESCE(attributes['feature_flag.key'], '') AS flag,
    COALESCE(attributes['feature_flag.result.variant'], attributes['feature_flag.variant'], attributes['feature_flag.result.value'], '') AS variant
  FROM spans
  WHERE span_name LIKE 'feature_flag%'
) AS evaluated
WHERE flag <> '' AND trace_id IN (
  SELECT trace_id
  FROM spans
  WHERE service_name = $service AND (span_kind IN ('SERVER', 'CONSUMER') OR parent_span_id = '')
    AND start_ns >= $from_ns AND start_ns < $to_ns
)
ORDER BY trace_id, flag, variant
