-- statement_systems: where each statement of the slow log ran.
-- column db_query_digest VARCHAR    the statement without its values
-- column db_system_name VARCHAR     db.system.name
-- column db_namespace VARCHAR       db.namespace
-- column db_collection_name VARCHAR table or collection
-- column threshold_ns BIGINT        smallest threshold that the log names
-- column events BIGINT              events
-- column with_trace BIGINT          events whose comment names a trace
-- column example_trace_id VARCHAR   one of these
SELECT
  db_query_digest,
  MIN(db_system_name) AS db_system_name,
  MIN(db_namespace) AS db_namespace,
  MIN(db_collection_name) AS db_collection_name,
  MIN(threshold_ns) AS threshold_ns,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN trace_id <> '' THEN 1 ELSE 0 END) AS BIGINT) AS with_trace,
  MAX(trace_id) AS example_trace_id
FROM queries
GROUP BY db_query_digest
ORDER BY db_query_digest
