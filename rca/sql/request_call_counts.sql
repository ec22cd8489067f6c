-- request_call_counts: traces in which a service serves a request, by the database calls in them: counted without following ancestry.
-- param $service VARCHAR               service whose SERVER and CONSUMER spans are requests; '' for root spans of any
-- param $start_ns BIGINT               start of the incident
-- param $end_ns BIGINT                 its end
-- param $before_start_ns BIGINT        start of what it is compared with
-- param $before_end_ns BIGINT          its end
-- column period VARCHAR                during, before, or '' where the trace has no request in either window
-- column entries BIGINT                requests of the service in the trace, at any time
-- column bucket BIGINT                 bucket of the longest one's length: exponential histogram, scale 5; -1 for none
-- column adjusted_count DOUBLE         requests that it stands for
-- column own_calls BIGINT              database calls of the service in the trace
-- column every_call BIGINT             database calls of any service in the trace
-- column traces BIGINT                 traces
WITH entered AS (
  SELECT
    trace_id,
    COUNT(*) AS entries,
    SUM(CASE WHEN start_ns >= $start_ns AND start_ns < $end_ns THEN 1 ELSE 0 END) AS later,
    SUM(CASE WHEN start_ns >= $before_start_ns AND start_ns < $before_end_ns THEN 1 ELSE 0 END) AS earlier,
    MAX(COALESCE(duration_ns, 0)) AS duration_ns,
    CAST(CAST(FLOOR(LEAST(MAX(adjusted_count), 1e12) * 65536 + 0.5) AS BIGINT) AS DOUBLE) / 65536 AS adjusted_count
  FROM spans
  WHERE (service_name = $service AND span_kind IN ('SERVER', 'CONSUMER')) OR ($service = '' AND parent_span_id = '')
  GROUP BY trace_id
),
called AS (
  SELECT
    trace_id,
    SUM(CASE WHEN service_name = $service THEN calls ELSE 0 END) AS own_calls,
    SUM(calls) AS every_call
  FROM spans
  WHERE db_system_name <> '' AND span_kind <> 'SERVER' AND span_kind <> 'CONSUMER'
    AND (db_query_digest <> '' OR db_operation_name <> '' OR db_collection_name <> '')
    AND ($service <> '' OR parent_span_id <> '')
  GROUP BY trace_id
)
SELECT
  CASE WHEN COALESCE(later, 0) > 0 THEN 'during' WHEN COALESCE(earlier, 0) > 0 THEN 'before' ELSE '' END AS period,
  CAST(COALESCE(entries, 0) AS BIGINT) AS entries,
  CASE WHEN COALESCE(later + earlier, 0) > 0 AND duration_ns > 0 THEN CAST(CEIL(LN(duration_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  CASE WHEN COALESCE(later + earlier, 0) > 0 THEN adjusted_count ELSE CAST(0 AS DOUBLE) END AS adjusted_count,
  CAST(COALESCE(own_calls, 0) AS BIGINT) AS own_calls,
  CAST(COALESCE(every_call, 0) AS BIGINT) AS every_call,
  COUNT(*) AS traces
FROM entered
FULL JOIN called ON entered.trace_id = called.trace_id
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
