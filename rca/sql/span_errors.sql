-- span_errors: spans that fail, by service, operation, message and length, before and during.
-- param  $before_start_ns BIGINT   start of the baseline
-- param  $before_end_ns BIGINT     end of the baseline
-- param  $start_ns BIGINT          start of the incident
-- param  $end_ns BIGINT            end of the incident
-- column service_name VARCHAR      service.name
-- column span_name VARCHAR         operation
-- column status_message VARCHAR    message, or the type of the error
-- column bucket BIGINT             index of the length's bucket: exponential histogram, scale 5; -1 for none
-- column before DOUBLE             failed spans in the baseline, weighted
-- column during DOUBLE             failed spans in the incident, weighted
-- column squares DOUBLE            squares of the weights of both: over their sum, how many spans one sampled span stands for
-- column first_ns BIGINT           first in the incident
SELECT
  service_name,
  span_name,
  CASE WHEN status_message <> '' THEN status_message ELSE error_type END AS status_message,
  CASE WHEN duration_ns > 0 THEN CAST(CEIL(LN(duration_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN start_ns >= $start_ns AND start_ns < $end_ns THEN 0 ELSE adjusted_count END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN start_ns >= $start_ns AND start_ns < $end_ns THEN adjusted_count ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS during,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count * adjusted_count, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS squares,
  MIN(CASE WHEN start_ns >= $start_ns AND start_ns < $end_ns THEN start_ns ELSE NULL END) AS first_ns
FROM spans
WHERE (status_code = 'ERROR' OR COALESCE(http_response_status_code, 0) >= 500)
  AND ((start_ns >= $start_ns AND start_ns < $end_ns) OR (start_ns >= $before_start_ns AND start_ns < $before_end_ns))
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
