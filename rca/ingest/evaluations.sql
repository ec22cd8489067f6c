-- Evaluations of feature flags, as the changes that they show.

-- name: remember
CREATE TABLE IF NOT EXISTS rca_pending (what VARCHAR)

-- name: note
INSERT INTO rca_pending VALUES ($what)

-- name: bearing
SELECT (SELECT count(*) FROM rca_pending WHERE what = $what)
  + (SELECT count(*) FROM changes WHERE ingest_id = '' AND attributes['seen_in'] = $what)

-- name: settle
DELETE FROM rca_pending WHERE what = $what

-- name: withdraw
DELETE FROM changes WHERE ingest_id = '' AND attributes['seen_in'] = $what

-- name: runs
WITH said AS (
  SELECT e.time_ns, s.service_name, e.trace_id, e.attributes
  FROM span_events AS e LEFT JOIN spans AS s ON s.trace_id = e.trace_id AND s.span_id = e.span_id
  WHERE e.event_name IN ('feature_flag', 'feature_flag.evaluation')
  UNION ALL
  SELECT start_ns, service_name, trace_id, attributes FROM spans WHERE span_name IN ('feature_flag', 'feature_flag.evaluation')
  UNION ALL
  SELECT time_ns, service_name, trace_id, attributes FROM logs WHERE attributes['feature_flag.key'] <> ''
), named AS (
  SELECT
    COALESCE(service_name, '') AS service,
    attributes['feature_flag.key'] AS flag,
    COALESCE(attributes['feature_flag.result.variant'], attributes['feature_flag.variant'], attributes['feature_flag.result.value'], '') AS variant,
    COALESCE(attributes['feature_flag.provider.name'], attributes['feature_flag.provider_name'], '') AS provider,
    COALESCE(attributes['feature_flag.context.id'], '') AS context,
    trace_id, time_ns
  FROM said WHERE time_ns IS NOT NULL AND attributes['feature_flag.key'] <> ''
), once AS (  -- a request that asks twelve times says one thing
  SELECT service, flag, variant, context, max(provider) AS provider, min(time_ns) AS time_ns
  FROM named WHERE variant <> ''
  GROUP BY service, flag, variant, context, CASE WHEN trace_id <> '' THEN trace_id ELSE CAST(time_ns AS VARCHAR) END
), ordered AS (
  SELECT
    service, flag, variant, provider, time_ns,
    variant IS DISTINCT FROM lag(variant) OVER flag_in_order AS turns,
    context <> '' AND variant <> COALESCE(lag(variant) OVER context_in_order, variant) AS flips
  FROM once
  WINDOW
    flag_in_order AS (PARTITION BY service, flag ORDER BY time_ns, variant),
    context_in_order AS (PARTITION BY service, flag, context ORDER BY time_ns, variant)
), numbered AS (
  SELECT service, flag, variant, provider, time_ns, flips, sum(CAST(turns AS INTEGER)) OVER (PARTITION BY service, flag ORDER BY time_ns, variant) AS run
  FROM ordered
)
SELECT
  service, flag, run, any_value(variant) AS variant, max(provider) AS provider,
  min(time_ns) AS first_ns, count(*) AS evaluations, bool_or(flips) AS flips
FROM numbered GROUP BY service, flag, run ORDER BY service, flag, run

-- name: told
SELECT feature_flag_key, time_ns FROM changes
WHERE kind = 'flag' AND feature_flag_key <> '' AND time_ns IS NOT NULL AND NOT (ingest_id = '' AND COALESCE(attributes['seen_in'], '') = $what)
