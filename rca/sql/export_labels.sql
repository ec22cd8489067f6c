-- export_labels: which values a label of the metrics takes, by metric.
-- param  $label VARCHAR         key of the label
-- column metric_name VARCHAR    name as ingested
-- column value VARCHAR          value of the label
-- column is_service BIGINT      points at which the value is the name of the service
-- column points BIGINT          points
SELECT
  metric_name,
  COALESCE(attributes[$label], '') AS value,
  CAST(SUM(CASE WHEN COALESCE(attributes[$label], '') = service_name THEN 1 ELSE 0 END) AS BIGINT) AS is_service,
  COUNT(*) AS points
FROM metrics
WHERE COALESCE(attributes[$label], '') <> ''
GROUP BY 1, 2
ORDER BY 1, 2
