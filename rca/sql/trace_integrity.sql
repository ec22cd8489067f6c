-- trace_integrity: what is wrong with the spans: orphans, children outside their parents, impossible lengths.
-- param  $below VARCHAR         only traces whose ids sort below this, '' for all
-- column spans BIGINT           spans
-- column roots BIGINT           spans without a parent
-- column orphans BIGINT         spans whose parent is not there
-- column early BIGINT           children in another service that start before their parent: clocks disagree
-- column negative BIGINT        spans with a negative length
-- column without_time BIGINT    spans without a start
-- column very_long BIGINT       spans of more than a day
-- column widest_early_ns BIGINT the largest such difference
SELECT
  COUNT(*) AS spans,
  CAST(SUM(CASE WHEN child.parent_span_id = '' THEN 1 ELSE 0 END) AS BIGINT) AS roots,
  CAST(SUM(CASE WHEN child.parent_span_id <> '' AND COALESCE(parent.found, 0) = 0 THEN 1 ELSE 0 END) AS BIGINT) AS orphans,
  CAST(SUM(CASE WHEN COALESCE(parent.found, 0) > 0 AND child.service_name <> parent.service_name
    AND child.start_ns < parent.start_ns THEN 1 ELSE 0 END) AS BIGINT) AS early,
  CAST(SUM(CASE WHEN child.duration_ns < 0 THEN 1 ELSE 0 END) AS BIGINT) AS negative,
  CAST(SUM(CASE WHEN child.start_ns IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS without_time,
  CAST(SUM(CASE WHEN child.duration_ns > 86400000000000 THEN 1 ELSE 0 END) AS BIGINT) AS very_long,
  CAST(MAX(CASE WHEN COALESCE(parent.found, 0) > 0 AND child.service_name <> parent.service_name
    AND child.start_ns < parent.start_ns THEN parent.start_ns - child.start_ns ELSE 0 END) AS BIGINT) AS widest_early_ns
FROM spans AS child
LEFT JOIN (
  SELECT trace_id, span_id, MIN(service_name) AS service_name, MIN(start_ns) AS start_ns, 1 AS found
  FROM spans
  WHERE span_id <> '' AND ($below = '' OR trace_id < $below)
  GROUP BY trace_id, span_id
) AS parent ON child.trace_id = parent.trace_id AND child.parent_span_id = parent.span_id
WHERE $below = '' OR child.trace_id < $below
