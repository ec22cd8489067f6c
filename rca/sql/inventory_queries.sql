-- inventory_queries: what slow-log events there are, by database system, and what the log leaves out.
-- column db_system_name VARCHAR  db.system.name
-- column events BIGINT           events
-- column with_trace BIGINT       events whose comment names a trace
-- column threshold_ns BIGINT     the smallest threshold that was read from the log
-- column first_ns BIGINT         earliest start
-- column last_ns BIGINT          latest start
SELECT
  db_system_name,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN trace_id <> '' THEN 1 ELSE 0 END) AS BIGINT) AS with_trace,
  MIN(threshold_ns) AS threshold_ns,
  MIN(time_ns) AS first_ns,
  MAX(time_ns) AS last_ns
FROM queries
GROUP BY db_system_name
ORDER BY db_system_name
