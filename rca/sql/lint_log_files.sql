-- lint_log_files: which files the log records came from.
-- column path VARCHAR   path of the file
SELECT path
FROM ingests
WHERE ingest_id IN (SELECT DISTINCT ingest_id FROM logs)
GROUP BY path
ORDER BY path
