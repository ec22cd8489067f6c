-- own_time: time that operations spend themselves, their children's time taken off, by bucket, before and during.
-- param  $before_start_ns BIGINT   start of the baseline
-- param  $before_end_ns BIGINT     end of the baseline
-- param  $start_ns BIGINT          start of the incident
-- param  $end_ns BIGINT            end of the incident
-- column service_name VARCHAR      service.name
-- column span_name VARCHAR         operation
-- column bucket BIGINT             index of the bucket: exponential histogram, scale 5; -1 for none
-- column before DOUBLE             spans in the baseline, weighted
-- column during DOUBLE             spans in the incident, weighted
-- column before_failed DOUBLE      of these, failed while none of their children did: where an error begins
-- column during_failed DOUBLE      the same in the incident
WITH children AS (
  SELECT trace_id, parent_span_id, SUM(duration_ns) AS taken_ns,
    MAX(CASE WHEN status_code = 'ERROR' THEN 1 ELSE 0 END) AS failed
  FROM spans
  WHERE parent_span_id <> ''
    AND ((start_ns >= $start_ns AND start_ns < $end_ns) OR (start_ns >= $before_start_ns AND start_ns < $before_end_ns))
  GROUP BY trace_id, parent_span_id
),
own AS (
  SELECT
    span.service_name AS service_name,
    span.span_name AS span_name,
    CASE WHEN span.start_ns >= $start_ns AND span.start_ns < $end_ns THEN 1 ELSE 0 END AS is_during,
    span.adjusted_count AS weight,
    CASE WHEN span.status_code = 'ERROR' AND COALESCE(children.failed, 0) = 0 THEN 1 ELSE 0 END AS failed,
    span.duration_ns - COALESCE(children.taken_ns, 0) AS own_ns
  FROM spans AS span
  LEFT JOIN children ON span.trace_id = children.trace_id AND span.span_id = children.parent_span_id
  WHERE span.span_kind NOT IN ('CLIENT', 'PRODUCER') AND span.duration_ns >= 0
    AND ((span.start_ns >= $start_ns AND span.start_ns < $end_ns)
      OR (span.start_ns >= $before_start_ns AND span.start_ns < $before_end_ns))
)
SELECT
  service_name,
  span_name,
  CASE WHEN own_ns > 0 THEN CAST(CEIL(LN(own_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 0 THEN weight ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS before,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 1 THEN weight ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS during,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 0 THEN weight * failed ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS before_failed,
  CAST(SUM(CAST(FLOOR(LEAST(CASE WHEN is_during = 1 THEN weight * failed ELSE 0 END, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS during_failed
FROM own
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
