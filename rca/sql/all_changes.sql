-- all_changes: every change in a window, oldest first.
-- param  $start_ns BIGINT           start of the window
-- param  $end_ns BIGINT             end of the window, not included
-- column time_ns BIGINT             when it took effect
-- column kind VARCHAR               deploy rollback flag config scale migration commit experiment
-- column service_name VARCHAR       service, or ''
-- column service_version VARCHAR    service.version
-- column revision VARCHAR           commit id
-- column feature_flag_key VARCHAR   feature_flag.key
-- column from_value VARCHAR         value before
-- column to_value VARCHAR           value after
-- column author VARCHAR             who did it
-- column title VARCHAR              what it was called
-- column key VARCHAR              key of the setting, '' where none is known
-- column message VARCHAR            the whole message of a commit, '' where none is known
-- column files VARCHAR[]            files touched
-- column diff VARCHAR               unified diff
SELECT
  time_ns, kind, service_name, service_version, revision, feature_flag_key, from_value, to_value, author, title,
  COALESCE(attributes['key'], '') AS key, COALESCE(attributes['message'], '') AS message, files, diff
FROM changes
WHERE time_ns >= $start_ns AND time_ns < $end_ns AND kind <> 'incident'
ORDER BY time_ns, record_no
