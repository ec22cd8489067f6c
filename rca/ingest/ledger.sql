-- The store's own short statements: the ledger, duplicates, what a grown file replaces.

-- name: known_content
SELECT ingest_id, records_read FROM ingests
WHERE sha256 = $sha256 AND parser_version = $parser_version AND format = $format AND status <> 'failed'
ORDER BY started_ns DESC LIMIT 1

-- name: earlier_versions
SELECT ingest_id, bytes, sha256, records_read, parser_version = $parser_version AND format = $format AS same_reader FROM ingests
WHERE path = $path AND bytes < $bytes AND bytes > 0 AND records_read > 0 AND status <> 'failed'
  AND (records_kept > 0 OR records_quarantined > 0)
ORDER BY bytes DESC

-- name: count_last_quarantined
SELECT count(*) FROM quarantine WHERE ingest_id = $ingest_id AND record_no = $record_no

-- name: drop_last_quarantined
DELETE FROM quarantine WHERE ingest_id = $ingest_id AND record_no = $record_no

-- name: move_last_quarantined
UPDATE ingests SET records_quarantined = records_quarantined - 1, records_duplicate = records_duplicate + 1
WHERE ingest_id = $ingest_id

-- name: move_last_kept
UPDATE ingests SET records_kept = records_kept - $count, records_duplicate = records_duplicate + $count
WHERE ingest_id = $ingest_id

-- name: move_all
UPDATE ingests SET records_duplicate = records_read, records_kept = 0, records_quarantined = 0 WHERE ingest_id = $ingest_id

-- name: amend_logs_template
UPDATE logs SET template = amendments.new FROM amendments WHERE logs.template = amendments.old AND logs.ingest_id = $ingest_id

-- name: inputs
SELECT ingest_id, path, format, bytes, records_read, records_kept, records_duplicate, records_quarantined, status, message
FROM ingests ORDER BY started_ns, ingest_id

-- name: duplicate_spans_within
DELETE FROM spans WHERE ingest_id = $ingest_id AND span_id <> '' AND rowid IN (
  SELECT rowid FROM (
    SELECT rowid, row_number() OVER (PARTITION BY trace_id, span_id, span_kind ORDER BY record_no, rowid) AS place
    FROM spans WHERE ingest_id = $ingest_id AND span_id <> ''
  ) WHERE place > 1)

-- name: duplicate_spans_before
DELETE FROM spans WHERE ingest_id = $ingest_id AND span_id <> '' AND EXISTS (
  SELECT 1 FROM spans AS old
  WHERE old.ingest_id <> $ingest_id AND old.trace_id = spans.trace_id AND old.span_id = spans.span_id AND old.span_kind = spans.span_kind)

-- name: count_spans
SELECT count(*) FROM spans

-- name: version
SELECT version FROM rca_schema

-- name: create_version
CREATE TABLE IF NOT EXISTS rca_schema (version INTEGER)

-- name: set_version
INSERT INTO rca_schema SELECT $version WHERE NOT EXISTS (SELECT 1 FROM rca_schema)
