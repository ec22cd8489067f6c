-- service_calls: which service calls which, from spans and from call graphs that were given.
-- column caller VARCHAR   calls
-- column callee VARCHAR   is called
-- column calls BIGINT     spans that say so; 0 where only a call graph does
WITH named AS (
  SELECT trace_id, span_id, parent_span_id, service_name, start_ns
  FROM spans
  WHERE service_name <> ''
),
children AS (
  SELECT named.trace_id AS trace_id, named.parent_span_id AS parent_span_id, named.service_name AS service_name,
    named.start_ns AS start_ns, COALESCE(parent.service_name, '') AS caller
  FROM named
  LEFT JOIN named AS parent ON named.trace_id = parent.trace_id AND named.parent_span_id = parent.span_id
  WHERE named.parent_span_id <> ''
)
SELECT caller, callee, CAST(SUM(calls) AS BIGINT) AS calls
FROM (
  SELECT caller, service_name AS callee, COUNT(*) AS calls
  FROM children
  WHERE caller <> '' AND caller <> service_name
  GROUP BY caller, service_name
  UNION ALL
  -- a parent that its own trace lacks is looked for by its id, close in time: some exporters lose the trace id
  SELECT parent.service_name AS caller, orphan.service_name AS callee, COUNT(*) AS calls
  FROM children AS orphan
  JOIN named AS parent ON orphan.parent_span_id = parent.span_id
  WHERE orphan.caller = '' AND orphan.service_name <> parent.service_name
    AND parent.start_ns <= orphan.start_ns + 1000000000 AND parent.start_ns >= orphan.start_ns - 60000000000
  GROUP BY parent.service_name, orphan.service_name
  UNION ALL
  SELECT caller, callee, 0 AS calls
  FROM service_edges
  WHERE caller <> callee
) AS edges
GROUP BY caller, callee
ORDER BY caller, callee
