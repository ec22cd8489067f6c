-- change_times: when something was changed on purpose, commits and alerts left out.
-- param  $start_ns BIGINT      start of the window
-- param  $end_ns BIGINT        end of the window, not included
-- column time_ns BIGINT        when it took effect
-- column kind VARCHAR          deploy, rollback, flag, config, scale, migration, experiment
-- column service_name VARCHAR  service, or ''
SELECT time_ns, kind, service_name
FROM changes
WHERE time_ns >= $start_ns AND time_ns < $end_ns
  AND kind IN ('deploy', 'rollback', 'flag', 'config', 'scale', 'migration', 'experiment')
ORDER BY time_ns
