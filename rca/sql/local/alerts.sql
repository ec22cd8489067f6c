-- alerts: what alerting and status pages said.
-- column time_ns BIGINT         when it fired or began
-- column end_ns BIGINT          when it ended, NULL where that is not said
-- column service_name VARCHAR   service, '' where it names none
-- column title VARCHAR          what it said
-- column metric VARCHAR         metric that fired it, '' where none is named
-- column detail VARCHAR         all else that it said, as text
-- column is_feed BOOLEAN        whether it comes from a status page, not from alerting
SELECT
  time_ns,
  end_ns,
  service_name,
  title,
  COALESCE(attributes['metric'], attributes['metric_name'], attributes['signal'], attributes['query'], '') AS metric,
  CAST(attributes AS VARCHAR) AS detail,
  COALESCE(attributes['rca.source'], '') = 'status_feed' AS is_feed
FROM changes
WHERE kind = 'incident' AND time_ns IS NOT NULL
ORDER BY time_ns, service_name
