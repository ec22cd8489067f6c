-- inputs: which files were read, and the checksum of each.
-- column path VARCHAR          where it was
-- column format VARCHAR        what it was read as
-- column sha256 VARCHAR        checksum of its bytes
-- column records_kept BIGINT   records that became rows
SELECT path, format, sha256, records_kept
FROM ingests
ORDER BY path, started_ns
