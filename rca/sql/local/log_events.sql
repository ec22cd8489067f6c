-- log_events: in how many requests of a kind each log line was written, before and during; for an engine with maps and regular expressions.
-- param $before_start_ns BIGINT   start of the baseline
-- param $before_end_ns BIGINT     end of the baseline
-- param $start_ns BIGINT          start of the incident
-- param $end_ns BIGINT            end of the incident
-- column caller VARCHAR           service that called, '' where there is none or no span says
-- column service_name VARCHAR     service that wrote
-- column operation VARCHAR        what it was doing: its entry span
-- column event VARCHAR            the line: place in the code, else template, else message with its variable parts as <*>
-- column severity_number INTEGER  1-24
-- column before BIGINT            requests with the line in the baseline
-- column before_all BIGINT        requests in the baseline
-- column during BIGINT            requests with the line in the incident
-- column during_all BIGINT        requests in the incident
-- column example VARCHAR          one message
-- column example_trace_id VARCHAR its trace
WITH visits AS (
  SELECT
    span.trace_id AS trace_id,
    span.service_name AS service_name,
    MIN(COALESCE(parent.service_name, '')) AS caller,
    MIN(span.span_name) AS operation,
    MAX(CASE WHEN span.start_ns >= $start_ns AND span.start_ns < $end_ns THEN 1 ELSE 0 END) AS is_during
  FROM spans AS span
  LEFT JOIN spans AS parent ON span.trace_id = parent.trace_id AND span.parent_span_id = parent.span_id
  WHERE COALESCE(parent.service_name, '') <> span.service_name AND span.trace_id <> ''
    AND ((span.start_ns >= $start_ns AND span.start_ns < $end_ns)
      OR (span.start_ns >= $before_start_ns AND span.start_ns < $before_end_ns))
  GROUP BY span.trace_id, span.service_name
),
lines AS (
  SELECT
    trace_id,
    service_name,
    CASE
      WHEN COALESCE(attributes['code.function.name'], attributes['code.function'], '') <> '' AND COALESCE(attributes['code.line.number'], attributes['code.lineno'], '') <> ''
        THEN COALESCE(attributes['code.function.name'], attributes['code.function']) || ':' || COALESCE(attributes['code.line.number'], attributes['code.lineno'])
      WHEN regexp_matches(COALESCE(attributes['logger'], attributes['caller'], attributes['source'], attributes['location'], ''), '[#:][0-9]+$')
        THEN COALESCE(attributes['logger'], attributes['caller'], attributes['source'], attributes['location'])
      WHEN template <> '' THEN template
      ELSE regexp_replace(substr(body, 1, 160), '[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|0x[0-9a-fA-F]+|[0-9]+|"[^"]*"|''[^'']*''', '<*>', 'g')
    END AS event,
    severity_number,
    body
  FROM logs
  WHERE trace_id <> '' AND ((time_ns >= $start_ns AND time_ns < $end_ns)
    OR (time_ns >= $before_start_ns AND time_ns < $before_end_ns))
),
seen AS (
  SELECT trace_id, service_name, event, MAX(severity_number) AS severity_number, MIN(body) AS example
  FROM lines
  GROUP BY trace_id, service_name, event
),
kinds AS (
  SELECT caller, service_name, operation, CAST(SUM(1 - is_during) AS BIGINT) AS before_all, CAST(SUM(is_during) AS BIGINT) AS during_all
  FROM visits
  GROUP BY caller, service_name, operation
)
SELECT
  visits.caller AS caller,
  visits.service_name AS service_name,
  visits.operation AS operation,
  seen.event AS event,
  MAX(seen.severity_number) AS severity_number,
  CAST(SUM(1 - visits.is_during) AS BIGINT) AS before,
  MAX(kinds.before_all) AS before_all,
  CAST(SUM(visits.is_during) AS BIGINT) AS during,
  MAX(kinds.during_all) AS during_all,
  MIN(seen.example) AS example,
  MAX(seen.trace_id) AS example_trace_id
FROM seen
JOIN visits ON seen.trace_id = visits.trace_id AND seen.service_name = visits.service_name
JOIN kinds ON visits.caller = kinds.caller AND visits.service_name = kinds.service_name AND visits.operation = kinds.operation
GROUP BY visits.caller, visits.service_name, visits.operation, seen.event
ORDER BY visits.service_name, visits.operation, visits.caller, seen.event
