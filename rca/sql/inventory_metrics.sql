-- inventory_metrics: what metrics there are, by service.
-- column service_name VARCHAR  service.name
-- column metrics BIGINT        names of metrics
-- column points BIGINT         points
-- column first_ns BIGINT       earliest time
-- column last_ns BIGINT        latest time
SELECT
  service_name,
  COUNT(DISTINCT metric_name) AS metrics,
  COUNT(*) AS points,
  MIN(time_ns) AS first_ns,
  MAX(time_ns) AS last_ns
FROM metrics
GROUP BY service_name
ORDER BY service_name
