-- statement_plans: the plans that the slow log holds, a few of each statement over its time.
-- param  $from_ns BIGINT           start of the window
-- param  $end_ns BIGINT            end of the window, not included
-- param  $most BIGINT              plans of each statement at most
-- column db_query_digest VARCHAR   the statement without its values
-- column db_system_name VARCHAR    db.system.name
-- column time_ns BIGINT            when it ran
-- column duration_ns BIGINT        how long
-- column plan VARCHAR              plan as JSON text
SELECT db_query_digest, db_system_name, time_ns, duration_ns, plan
FROM (
  SELECT
    db_query_digest, db_system_name, time_ns, duration_ns, plan,
    ROW_NUMBER() OVER (PARTITION BY db_query_digest ORDER BY time_ns, record_no) AS place,
    COUNT(*) OVER (PARTITION BY db_query_digest) AS plans
  FROM queries
  WHERE plan IS NOT NULL AND plan <> '' AND time_ns >= $from_ns AND time_ns < $end_ns
) AS numbered
WHERE plans <= $most OR place % CAST(CEIL(plans * 1.0 / $most) AS BIGINT) = 0
ORDER BY db_query_digest, time_ns
