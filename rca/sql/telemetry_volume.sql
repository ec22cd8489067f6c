-- telemetry_volume: how much telemetry each service wrote in the baseline and in the incident, as stored, unweighted.
-- param  $before_start_ns BIGINT    start of the baseline
-- param  $before_end_ns BIGINT      end of the baseline
-- param  $start_ns BIGINT           start of the incident
-- param  $end_ns BIGINT             end of the incident
-- column service_name VARCHAR       service.name
-- column kind VARCHAR               logs, or spans
-- column before BIGINT              records in the baseline
-- column during BIGINT              records in the incident
-- column before_bytes BIGINT        characters of their messages, or of their names and statements
-- column during_bytes BIGINT        the same in the incident
SELECT
  service_name,
  kind,
  CAST(SUM(CASE WHEN at_ns < $before_end_ns AND at_ns >= $before_start_ns THEN 1 ELSE 0 END) AS BIGINT) AS before,
  CAST(SUM(CASE WHEN at_ns >= $start_ns AND at_ns < $end_ns THEN 1 ELSE 0 END) AS BIGINT) AS during,
  CAST(SUM(CASE WHEN at_ns < $before_end_ns AND at_ns >= $before_start_ns THEN letters ELSE 0 END) AS BIGINT) AS before_bytes,
  CAST(SUM(CASE WHEN at_ns >= $start_ns AND at_ns < $end_ns THEN letters ELSE 0 END) AS BIGINT) AS during_bytes
FROM (
  SELECT service_name, 'logs' AS kind, time_ns AS at_ns, LENGTH(body) AS letters
  FROM logs
  WHERE (time_ns >= $before_start_ns AND time_ns < $before_end_ns) OR (time_ns >= $start_ns AND time_ns < $end_ns)
  UNION ALL
  SELECT service_name, 'spans' AS kind, start_ns AS at_ns, LENGTH(span_name) + LENGTH(db_query_text) AS letters
  FROM spans
  WHERE (start_ns >= $before_start_ns AND start_ns < $before_end_ns) OR (start_ns >= $start_ns AND start_ns < $end_ns)
) AS written
GROUP BY service_name, kind
ORDER BY service_name, kind
