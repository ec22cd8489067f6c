-- statements: what the slow log says of each statement, by latency bucket, time bin and period.
-- param  $start_ns BIGINT          start of the later period; earlier statements count as before
-- param  $end_ns BIGINT            end of it, not included
-- param  $from_ns BIGINT           where the earlier period begins
-- param  $bin_ns BIGINT            length of a time bin
-- column db_query_digest VARCHAR   the statement without its values
-- column period VARCHAR            before, during
-- column bin_ns BIGINT             start of the time bin
-- column bucket BIGINT             latency bucket: exponential histogram, scale 5
-- column events BIGINT             events
-- column weight DOUBLE             events that they stand for
-- column duration_us DOUBLE        their length, µs
-- column lock_us DOUBLE            of it waiting for locks, µs
-- column locked BIGINT             events that waited for a lock for more than 100 ms
-- column examined DOUBLE           rows read
-- column returned DOUBLE           rows sent or changed
-- column with_rows BIGINT          events that say how many rows they read
-- column full_scans BIGINT         events that say that they used no index
-- column example VARCHAR           one statement
SELECT
  db_query_digest,
  CASE WHEN time_ns >= $start_ns THEN 'during' ELSE 'before' END AS period,
  time_ns - time_ns % $bin_ns AS bin_ns,
  CASE WHEN duration_ns > 0 THEN CAST(CEIL(LN(duration_ns) * 32 / LN(2)) - 1 AS BIGINT) ELSE -1 END AS bucket,
  COUNT(*) AS events,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count, 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS weight,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count * duration_ns, 1e18) + 0.5) AS BIGINT)) AS DOUBLE) * 0.001 AS duration_us,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count * COALESCE(lock_ns, 0), 1e18) + 0.5) AS BIGINT)) AS DOUBLE) * 0.001 AS lock_us,
  CAST(SUM(CASE WHEN COALESCE(lock_ns, 0) > 100000000 THEN 1 ELSE 0 END) AS BIGINT) AS locked,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count * COALESCE(rows_examined, 0), 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS examined,
  CAST(SUM(CAST(FLOOR(LEAST(adjusted_count * (COALESCE(rows_returned, 0) + COALESCE(rows_affected, 0)), 1e12) * 65536 + 0.5) AS BIGINT)) AS DOUBLE) / 65536 AS returned,
  CAST(SUM(CASE WHEN rows_examined IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS with_rows,
  CAST(SUM(CASE WHEN full_scan THEN 1 ELSE 0 END) AS BIGINT) AS full_scans,
  MIN(db_query_text) AS example
FROM queries
WHERE duration_ns IS NOT NULL AND time_ns >= $from_ns AND time_ns < $end_ns
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
