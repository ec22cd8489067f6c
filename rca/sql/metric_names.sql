-- metric_names: which metrics each service has.
-- column service_name VARCHAR  service.name
-- column metric_name VARCHAR   name as ingested
-- column unit VARCHAR          unit, '' where none is said
-- column points BIGINT         points
-- merge  unit MAX, points SUM
SELECT service_name, metric_name, MAX(unit) AS unit, COUNT(*) AS points
FROM metrics
GROUP BY service_name, metric_name
ORDER BY service_name, metric_name
