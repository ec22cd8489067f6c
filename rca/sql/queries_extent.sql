-- queries_extent: the span of time that the slow log covers.
-- column events BIGINT    events
-- column first_ns BIGINT  earliest start
-- column last_ns BIGINT   latest start
SELECT COUNT(*) AS events, MIN(time_ns) AS first_ns, MAX(time_ns) AS last_ns
FROM queries
WHERE duration_ns IS NOT NULL
