-- log_templates: how often each kind of log message came in the baseline and in the incident.
-- param  $before_start_ns BIGINT    start of the baseline
-- param  $before_end_ns BIGINT      end of the baseline
-- param  $start_ns BIGINT           start of the incident
-- param  $end_ns BIGINT             end of the incident
-- column service_name VARCHAR       service.name
-- column template VARCHAR           the message with its variable parts as <*>, or the message where none was found
-- column severity_number INTEGER    highest severity, 1-24
-- column before DOUBLE              records in the baseline, weighted
-- column during DOUBLE              records in the incident, weighted
-- column squares DOUBLE             squares of the weights of both: over their sum, how many records one sampled record stands for
-- column first_ns BIGINT            first time in the incident
-- column example VARCHAR            one message
-- column example_trace_id VARCHAR   trace of one message of the incident, '' where none names one
SELECT
  service_name,
  CASE WHEN template <> '' THEN template ELSE body END AS template,
  MAX(severity_number) AS severity_number,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN time_ns >= $before_start_ns AND time_ns < $before_end_ns THEN adjusted_count ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN time_ns >= $start_ns AND time_ns < $end_ns THEN adjusted_count ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS during,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count * adjusted_count, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS squares,
  MIN(CASE WHEN time_ns >= $start_ns AND time_ns < $end_ns THEN time_ns ELSE NULL END) AS first_ns,
  MIN(body) AS example,
  MAX(CASE WHEN time_ns >= $start_ns AND time_ns < $end_ns THEN trace_id ELSE '' END) AS example_trace_id
FROM logs
WHERE (time_ns >= $before_start_ns AND time_ns < $before_end_ns) OR (time_ns >= $start_ns AND time_ns < $end_ns)
GROUP BY service_name, CASE WHEN template <> '' THEN template ELSE body END
ORDER BY service_name, 2
