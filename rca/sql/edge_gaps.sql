-- edge_gaps: time between caller and callee, client span less server span, by edge and bucket, before and during.
-- param  $before_start_ns BIGINT   start of the baseline
-- param  $before_end_ns BIGINT     end of the baseline
-- param  $start_ns BIGINT          start of the incident
-- param  $end_ns BIGINT            end of the incident
-- column caller VARCHAR            service of the client span
-- column callee VARCHAR            service of the server span
-- column bucket BIGINT             index of the gap's bucket: exponential histogram, scale 5; -1 for none or less
-- column before DOUBLE             calls in the baseline, weighted
-- column during DOUBLE             calls in the incident, weighted
SELECT
  client.service_name AS caller,
  server.service_name AS callee,
  CASE WHEN client.duration_ns > server.duration_ns THEN CAST(CEIL(LN(client.duration_ns - server.duration_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN client.start_ns >= $start_ns AND client.start_ns < $end_ns THEN 0 ELSE client.adjusted_count END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN client.start_ns >= $start_ns AND client.start_ns < $end_ns THEN client.adjusted_count ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS during
FROM spans AS client
JOIN spans AS server ON client.trace_id = server.trace_id AND client.span_id = server.parent_span_id
WHERE client.span_kind = 'CLIENT' AND client.service_name <> server.service_name
  AND ((client.start_ns >= $start_ns AND client.start_ns < $end_ns)
    OR (client.start_ns >= $before_start_ns AND client.start_ns < $before_end_ns))
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
