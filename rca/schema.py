"""The canonical tables as data: one place for names, types, units, OpenTelemetry attributes and comments.

DDL, Arrow schemas and documentation are made from here. A reader of a format gives the columns it knows; what it leaves
out gets the column's default, so that absent text is ``''`` on every engine and an unsampled row weighs 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from rca.errors import SchemaError, did_you_mean

__all__ = [
    "PRIMARY",
    "SCHEMA_VERSION",
    "TABLES",
    "Column",
    "Table",
    "arrow_schema",
    "conform",
    "create_statements",
    "table",
]

SCHEMA_VERSION = 1
"""Rises when a table changes in a way that an older `rca` cannot read."""

_ARROW: Mapping[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "MAP(VARCHAR, VARCHAR)": pa.map_(pa.string(), pa.string()),
    "VARCHAR[]": pa.list_(pa.string()),
    "DOUBLE[]": pa.list_(pa.float64()),
    "BIGINT[]": pa.list_(pa.int64()),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, unit, meaning, and the value of a row that does not say."""

    name: str
    type: str
    comment: str
    unit: str = ""
    default: Any = None

    @property
    def arrow(self) -> pa.DataType:
        """The column's Arrow type."""
        return _ARROW[self.type]


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table. In a primary table every row is a record of an input."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    primary: bool = False
    key: tuple[str, ...] = ()
    """Columns that name a record wherever it was read; rows that share them are one record."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def ddl(self) -> str:
        """The CREATE TABLE statement."""
        columns = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        return "CREATE TABLE IF NOT EXISTS " + f'"{self.name}" ({columns})'


def _text(name: str, comment: str) -> Column:
    return Column(name, "VARCHAR", comment, default="")


def _time(name: str, comment: str) -> Column:
    return Column(name, "BIGINT", comment, unit="ns since 1970-01-01 UTC")


def _length(name: str, comment: str) -> Column:
    return Column(name, "BIGINT", comment, unit="ns")


_ATTRIBUTES = Column("attributes", "MAP(VARCHAR, VARCHAR)", "everything else, under its exact key", default=())
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
        _text("db_query_text", "the statement"),
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
PRIMARY: tuple[str, ...] = tuple(item.name for item in TABLES if item.primary)


def table(name: str) -> Table:
    """Return a canonical table by its name.

    Raises
    ------
    SchemaError
        When there is no such table.

    Examples
    --------
    >>> table("spans").key
    ('trace_id', 'span_id', 'span_kind')
    """
    for item in TABLES:
        if item.name == name:
            return item
    raise SchemaError(f"There is no table {name!r}. {did_you_mean(name, [item.name for item in TABLES])}")


@cache
def arrow_schema(name: str) -> pa.Schema:
    """Return the Arrow schema of a canonical table."""
    return pa.schema([pa.field(column.name, column.arrow) for column in table(name).columns])


def create_statements() -> list[str]:
    """Return the statements that create every canonical table."""
    return [item.ddl for item in TABLES]


def conform(name: str, batch: pa.Table | pa.RecordBatch) -> pa.Table:
    """Return `batch` with exactly the columns of table `name`: cast, in order, absent ones by default.

    Raises
    ------
    SchemaError
        When the batch has a column that the table does not, or a value that its type cannot hold.

    Examples
    --------
    >>> conform("service_edges", pa.table({"caller": ["a"], "callee": ["b"]})).column("source").to_pylist()
    ['']
    """
    target = table(name)
    unknown = set(batch.schema.names) - set(target.names)
    if unknown:
        extra = min(unknown)
        raise SchemaError(f"Table {name} has no column {extra!r}. {did_you_mean(extra, target.names)}")
    columns = [_column(batch, column) for column in target.columns]
    return pa.Table.from_arrays(columns, schema=arrow_schema(name))


def _column(batch: pa.Table | pa.RecordBatch, column: Column) -> pa.Array | pa.ChunkedArray:
    at = batch.schema.get_field_index(column.name)
    if at < 0:
        return _constant(column, batch.num_rows)
    values = batch.column(at)
    if values.type != column.arrow:
        try:
            values = values.cast(column.arrow)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SchemaError(
                f"Column {column.name} must be {column.type}, but the reader gave {values.type}: {error}"
            ) from None
    if column.default is not None and values.null_count:
        fill = column.default
        if column.type == "VARCHAR" or isinstance(fill, int | float):
            values = values.fill_null(fill)
    return values


def _constant(column: Column, length: int) -> pa.Array:
    if column.default is None:
        return pa.nulls(length, column.arrow)
    if column.default == ():
        offsets = pa.array([0] * (length + 1), pa.int32())
        if column.type.startswith("MAP"):
            return pa.MapArray.from_arrays(offsets, pa.array([], pa.string()), pa.array([], pa.string()))
        return pa.ListArray.from_arrays(offsets, pa.array([], column.arrow.value_type))
    return pa.repeat(pa.scalar(column.default, column.arrow), length)
