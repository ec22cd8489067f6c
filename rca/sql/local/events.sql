-- events: what was changed and what alerting said in a window, oldest first; commits and experiments left out.
-- param  $start_ns BIGINT      start of the window
-- param  $end_ns BIGINT        end of the window, not included
-- param  $service VARCHAR      service whose alerts count, with those that name none
-- column time_ns BIGINT        when it took effect or fired
-- column kind VARCHAR          deploy rollback flag config scale migration incident
-- column service_name VARCHAR  service, or ''
-- column title VARCHAR         what it was called
SELECT
  time_ns,
  kind,
  service_name,
  CASE WHEN title <> '' THEN title WHEN feature_flag_key <> '' THEN feature_flag_key ELSE revision END AS title
FROM changes
WHERE time_ns >= $start_ns AND time_ns < $end_ns AND kind NOT IN ('commit', 'experiment')
  AND (kind <> 'incident' OR (service_name IN ('', $service) AND COALESCE(attributes['rca.source'], '') <> 'status_feed'))
ORDER BY time_ns, record_no
