-- export_metrics: which metrics each service has, with what an alert rule must know of them.
-- column service_name VARCHAR   service.name
-- column metric_name VARCHAR    name as ingested
-- column metric_type VARCHAR    gauge, sum, histogram, …
-- column unit VARCHAR           unit, '' where none is said
-- column monotonic BIGINT       1 for a counter
-- column points BIGINT          points
SELECT
  service_name,
  metric_name,
  MAX(metric_type) AS metric_type,
  MAX(unit) AS unit,
  CAST(MAX(CASE WHEN is_monotonic THEN 1 ELSE 0 END) AS BIGINT) AS monotonic,
  COUNT(*) AS points
FROM metrics
GROUP BY service_name, metric_name
ORDER BY service_name, metric_name
