-- connection_spans: spans of name look-ups, connects and TLS handshakes, by service, name and latency.
-- param $before_start_ns BIGINT        start of the baseline
-- param $before_end_ns BIGINT          end of the baseline
-- param $start_ns BIGINT               start of the incident
-- param $end_ns BIGINT                 end of the incident
-- column service_name VARCHAR          service.name
-- column span_name VARCHAR             name of the operation
-- column bucket BIGINT                 index of the latency bucket: exponential histogram, scale 5; -1 for none
-- column before DOUBLE                 spans in the baseline, weighted
-- column during DOUBLE                 spans in the incident, weighted
SELECT
  service_name,
  span_name,
  CASE WHEN duration_ns > 0 THEN CAST(CEIL(LN(duration_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN start_ns >= $start_ns AND start_ns < $end_ns THEN 0 ELSE adjusted_count END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN start_ns >= $start_ns AND start_ns < $end_ns THEN adjusted_count ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS during
FROM spans
WHERE (LOWER(span_name) LIKE '%dns%' OR LOWER(span_name) LIKE '%connect%' OR LOWER(span_name) LIKE '%tls%')
  AND span_kind NOT IN ('SERVER', 'CONSUMER')
  AND ((start_ns >= $start_ns AND start_ns < $end_ns) OR (start_ns >= $before_start_ns AND start_ns < $before_end_ns))
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
