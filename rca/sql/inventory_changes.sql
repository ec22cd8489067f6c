-- inventory_changes: what changes there are, by kind and service.
-- column kind VARCHAR          deploy, flag, commit, …
-- column service_name VARCHAR  service.name
-- column changes BIGINT        changes
-- column first_ns BIGINT       earliest time
-- column last_ns BIGINT        latest time
SELECT
  kind,
  service_name,
  COUNT(*) AS changes,
  MIN(time_ns) AS first_ns,
  MAX(time_ns) AS last_ns
FROM changes
GROUP BY kind, service_name
ORDER BY kind, service_name
