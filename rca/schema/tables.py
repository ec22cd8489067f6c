"""The canonical tables, column by column."""

from __future__ import annotations

from rca.schema.columns import Column, Table

__all__ = ["TABLES"]


def _text(name: str, comment: str) -> Column:
    return Column(name, "VARCHAR", comment, default="")


def _time(name: str, comment: str) -> Column:
    return Column(name, "BIGINT", comment, unit="ns since 1970-01-01 UTC")


def _length(name: str, comment: str) -> Column:
    return Column(name, "BIGINT", comment, unit="ns")


_ATTRIBUTES = Column(
    "attributes",
    "MAP(VARCHAR, VARCHAR)",
    "every attribute under its exact key, also those that a column was taken from",
    default=(),
)
_RESOURCE = Column("resource_attributes", "MAP(VARCHAR, VARCHAR)", "attributes of what wrote the record", default=())
_WEIGHT = Column("adjusted_count", "DOUBLE", "how many records this one stands for after sampling", default=1.0)
_ORIGIN = (
    _text("ingest_id", "which ingest brought the row"),
    Column("record_no", "BIGINT", "order of the record in its input"),
)
_SERVICE = _text("service_name", "service.name")

SPANS = Table(
    "spans",
    "one row a span",
    (
        _text("trace_id", "32 lower-case hex digits"),
        _text("span_id", "16 lower-case hex digits"),
        _text("parent_span_id", "16 lower-case hex digits; '' for a root"),
        _SERVICE,
        _text("span_name", "name of the operation"),
        Column("span_kind", "VARCHAR", "SERVER CLIENT INTERNAL PRODUCER CONSUMER UNSPECIFIED", default="UNSPECIFIED"),
        _time("start_ns", "start"),
        _length("duration_ns", "length"),
        Column("status_code", "VARCHAR", "UNSET OK ERROR", default="UNSET"),
        _text("status_message", "message of the status"),
        _text("service_version", "service.version"),
        _text("service_instance_id", "service.instance.id"),
        _text("deployment_environment_name", "deployment.environment.name"),
        _text("http_request_method", "http.request.method"),
        _text("http_route", "http.route"),
        Column("http_response_status_code", "INTEGER", "http.response.status_code"),
        _text("error_type", "error.type"),
        _text("server_address", "server.address"),
        _text("db_system_name", "db.system.name"),
        _text("db_namespace", "db.namespace"),
        _text("db_collection_name", "db.collection.name"),
        _text("db_operation_name", "db.operation.name"),
        _text("db_query_text", "db.query.text"),
        _text("db_query_digest", "normalised statement, style rca"),
        Column("calls", "BIGINT", "real calls that the span stands for: composite spans, batches", default=1),
        _WEIGHT,
        _ATTRIBUTES,
        _RESOURCE,
        *_ORIGIN,
    ),
    primary=True,
    key=("trace_id", "span_id", "span_kind"),
)

SPAN_EVENTS = Table(
    "span_events",
    "one row an event on a span",
    (
        _text("trace_id", "of the span"),
        _text("span_id", "of the span"),
        _time("time_ns", "when"),
        _text("event_name", "name, such as exception or feature_flag.evaluation"),
        _ATTRIBUTES,
        _text("ingest_id", "which ingest brought the row"),
    ),
)

SPAN_LINKS = Table(
    "span_links",
    "one row a link between spans",
    (
        _text("trace_id", "of the span"),
        _text("span_id", "of the span"),
        _text("linked_trace_id", "of the span that is linked to"),
        _text("linked_span_id", "of the span that is linked to"),
        _ATTRIBUTES,
        _text("ingest_id", "which ingest brought the row"),
    ),
)

LOGS = Table(
    "logs",
    "one row a log record",
    (
        _time("time_ns", "when it happened; NULL where the record has no time"),
        _time("observed_time_ns", "when it was collected"),
        _SERVICE,
        Column("severity_number", "INTEGER", "OpenTelemetry severity 1-24; 0 where unknown", default=0),
        _text("severity_text", "severity as written"),
        _text("body", "the message"),
        _text("template", "the message with its variable parts as <*>"),
        _text("trace_id", "32 lower-case hex digits"),
        _text("span_id", "16 lower-case hex digits"),
        _text("request_id", "correlation ID"),
        _WEIGHT,
        _ATTRIBUTES,
        _RESOURCE,
        *_ORIGIN,
    ),
    primary=True,
)

QUERIES = Table(
    "queries",
    "one row a slow-log event",
    (
        _time("time_ns", "start of the statement"),
        _length("duration_ns", "length of the statement"),
        _length("lock_ns", "time spent waiting for locks"),
        _text("db_system_name", "db.system.name"),
        _text("db_namespace", "db.namespace"),
        _text("db_user", "user of the connection"),
        _text("client_address", "host or address of the client"),
        _text("session_id", "thread, process or connection"),
        Column("db_query_text", "VARCHAR", "the statement", default="", long_text=True),
        _text("db_query_digest", "normalised statement, style rca"),
        _text("db_collection_name", "table or collection"),
        Column("rows_examined", "BIGINT", "rows read"),
        Column("rows_returned", "BIGINT", "rows sent"),
        Column("rows_affected", "BIGINT", "rows changed"),
        Column("full_scan", "BOOLEAN", "whether the log says that no index was used"),
        Column("plan", "VARCHAR", "plan as JSON text"),
        _text("trace_id", "from the statement's comment"),
        _text("span_id", "from the statement's comment"),
        _length("threshold_ns", "what the log leaves out: statements faster than this"),
        _WEIGHT,
        _ATTRIBUTES,
        *_ORIGIN,
    ),
    primary=True,
)

METRICS = Table(
    "metrics",
    "one row a point of a metric",
    (
        _time("time_ns", "time of the point"),
        _time("start_time_ns", "start of what it adds up"),
        _text("metric_name", "name as ingested"),
        _SERVICE,
        _text("unit", "UCUM unit"),
        Column("metric_type", "VARCHAR", "gauge sum histogram exponential_histogram summary", default="gauge"),
        _text("temporality", "delta or cumulative"),
        Column("is_monotonic", "BOOLEAN", "whether a sum only rises"),
        Column("value", "DOUBLE", "value of a gauge or sum"),
        Column("count", "BIGINT", "observations of a histogram or summary"),
        Column("sum", "DOUBLE", "sum of the observations"),
        Column("bounds", "DOUBLE[]", "upper bounds of the buckets, or the quantiles of a summary"),
        Column("bucket_counts", "BIGINT[]", "observations a bucket"),
        Column("scale", "INTEGER", "scale of an exponential histogram"),
        Column("zero_count", "BIGINT", "observations at zero of an exponential histogram"),
        Column("positive_offset", "INTEGER", "index of the first positive bucket"),
        _text("details", "JSON of what a point says beside: min, max, quantile values, negative buckets, exemplars"),
        _ATTRIBUTES,
        _RESOURCE,
        *_ORIGIN,
    ),
    primary=True,
)

CHANGES = Table(
    "changes",
    "one row a change: what people and machines did to the system",
    (
        _time("time_ns", "when it took effect"),
        _time("end_ns", "when it ended"),
        _text("kind", "deploy rollback flag config scale migration commit incident experiment"),
        _SERVICE,
        _text("service_version", "service.version"),
        _text("revision", "full commit id"),
        _text("feature_flag_key", "feature_flag.key"),
        _text("from_value", "value before"),
        _text("to_value", "value after"),
        _text("author", "who did it"),
        _text("title", "what it was called"),
        _text("url", "where to read more"),
        Column("files", "VARCHAR[]", "files touched", default=()),
        _text("diff", "unified diff"),
        _ATTRIBUTES,
        *_ORIGIN,
    ),
    primary=True,
)

SERVICE_EDGES = Table(
    "service_edges",
    "one row a caller and callee, where a call graph was given",
    (
        _text("caller", "service that calls"),
        _text("callee", "service that is called"),
        _text("source", "where the edge comes from"),
        *_ORIGIN,
    ),
    primary=True,
)

INGESTS = Table(
    "ingests",
    "the ledger: one row a file read",
    (
        _text("ingest_id", "names the ingest"),
        _text("path", "what was read"),
        _text("sha256", "of the bytes read"),
        _text("format", "name of the format"),
        _text("parser_version", "version of the reader"),
        _time("started_ns", "when reading began"),
        _time("finished_ns", "when reading ended"),
        Column("bytes", "BIGINT", "bytes of the file", unit="By", default=0),
        Column("records_read", "BIGINT", "kept + duplicate + quarantined", default=0),
        Column("records_kept", "BIGINT", "rows in the tables", default=0),
        Column("records_duplicate", "BIGINT", "records that were there already", default=0),
        Column("records_quarantined", "BIGINT", "records that could not be understood", default=0),
        Column("status", "VARCHAR", "complete, partial (some quarantined) or failed", default="complete"),
        _text("message", "what the reader has to say"),
    ),
)

QUARANTINE = Table(
    "quarantine",
    "what could not be understood, and why",
    (
        _text("ingest_id", "which ingest"),
        Column("record_no", "BIGINT", "order of the record in its input"),
        Column("byte_offset", "BIGINT", "where it begins in the decompressed input", unit="By"),
        _text("reason", "why"),
        _text("excerpt", "the first characters"),
    ),
)

TABLES: tuple[Table, ...] = (
    SPANS, SPAN_EVENTS, SPAN_LINKS, LOGS, QUERIES, METRICS, CHANGES, SERVICE_EDGES, INGESTS, QUARANTINE,
)  # fmt: skip
