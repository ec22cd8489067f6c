-- The tables of rca itself, as Store.export writes them; columns that an older version lacked get their default.

-- relation spans
-- from spans
-- needs trace_id span_id parent_span_id service_name span_name span_kind start_ns duration_ns
-- time start_ns
-- trace trace_id
SELECT * FROM @source()

-- relation span_events
-- from span_events
-- needs trace_id span_id event_name time_ns attributes
-- time time_ns
-- trace trace_id
SELECT * FROM @source()

-- relation span_links
-- from span_links
-- needs trace_id span_id linked_trace_id linked_span_id
-- trace trace_id
SELECT * FROM @source()

-- relation logs
-- from logs
-- needs time_ns severity_number body service_name template
-- time time_ns
-- trace trace_id
SELECT * FROM @source()

-- relation queries
-- from queries
-- needs time_ns duration_ns db_query_text db_query_digest rows_examined
-- time time_ns
SELECT * FROM @source()

-- relation metrics
-- from metrics
-- needs time_ns metric_name metric_type value service_name
-- time time_ns
SELECT * FROM @source()

-- relation changes
-- from changes
-- needs time_ns kind service_name feature_flag_key title
-- time time_ns
SELECT * FROM @source()

-- relation service_edges
-- from service_edges
-- needs caller callee
SELECT * FROM @source()

-- relation ingests
-- from ingests
-- needs ingest_id path sha256 format records_read
SELECT * FROM @source()

-- relation quarantine
-- from quarantine
-- needs ingest_id record_no byte_offset reason excerpt
SELECT * FROM @source()
