-- lint_log_hops: on how many calls from service to service the trace id is in the logs of both.
-- column caller VARCHAR      service that calls
-- column callee VARCHAR      service that is called
-- column traces BIGINT       traces that cross from the one to the other, so far as their spans were kept
-- column at_caller BIGINT    of these, with a log record of the caller that carries the trace id
-- column at_both BIGINT      of these, with one of the callee, too
WITH hops AS (
  SELECT DISTINCT client.service_name AS caller, server.service_name AS callee, client.trace_id AS trace_id
  FROM spans AS client
  JOIN spans AS server ON client.trace_id = server.trace_id AND client.span_id = server.parent_span_id
  WHERE client.service_name <> server.service_name AND client.service_name <> '' AND server.service_name <> ''
),
logged AS (
  SELECT DISTINCT service_name, trace_id FROM logs WHERE trace_id <> ''
)
SELECT
  hops.caller AS caller,
  hops.callee AS callee,
  COUNT(*) AS traces,
  CAST(SUM(CASE WHEN COALESCE(one.trace_id, '') <> '' THEN 1 ELSE 0 END) AS BIGINT) AS at_caller,
  CAST(SUM(CASE WHEN COALESCE(one.trace_id, '') <> '' AND COALESCE(other.trace_id, '') <> '' THEN 1 ELSE 0 END) AS BIGINT) AS at_both
FROM hops
LEFT JOIN logged AS one ON hops.caller = one.service_name AND hops.trace_id = one.trace_id
LEFT JOIN logged AS other ON hops.callee = other.service_name AND hops.trace_id = other.trace_id
GROUP BY 1, 2
ORDER BY 1, 2
