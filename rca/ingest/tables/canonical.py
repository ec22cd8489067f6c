"""Parquet files that hold rca's own tables, column for column: what was exported from a store reads back as it was.

A file is one table: ``spans``, ``logs``, ``queries``, ``metrics`` or ``changes``, told by its columns, all of which must be
columns of that table and of its types. Columns may be missing. A file of spans may have one more column, ``events``: a list
of structs ``time_ns, event_name, attributes``, which become rows of ``span_events``.
"""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rca.errors import FormatError
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.source import Source
from rca.ingest.tables.parquet import parquet_schema
from rca.schema import arrow_schema

__all__ = ["CANONICAL", "EVENTS"]

EVENTS = pa.list_(
    pa.struct([("time_ns", pa.int64()), ("event_name", pa.string()), ("attributes", pa.map_(pa.string(), pa.string()))])
)
"""Type of the column ``events`` of a file of spans."""
_TELLING = {
    "spans": {"trace_id", "span_id", "span_kind", "start_ns", "duration_ns"},
    "queries": {"time_ns", "duration_ns", "db_query_text"},
    "metrics": {"time_ns", "metric_name", "metric_type", "value"},
    "logs": {"time_ns", "severity_number", "body"},
    "changes": {"time_ns", "kind", "title"},
}
"""Columns that tell a table; each needs all of its own."""
_OWN = ("ingest_id", "record_no")
"""Columns that an ingest gives anew."""


def _table_of(schema: pa.Schema) -> str:
    names = set(schema.names)
    return next((table for table, telling in _TELLING.items() if telling <= names and _fits(table, schema)), "")


def _fits(table: str, schema: pa.Schema) -> bool:
    known = {field.name: field.type for field in arrow_schema(table)}
    if table == "spans":
        known["events"] = EVENTS
    return all(field.name in known and _plain(field.type) == _plain(known[field.name]) for field in schema)


def _plain(kind: pa.DataType) -> str:
    """Name a type apart from how its text is laid out and what its fields are called."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_map(kind):
        return f"map<{_plain(kind.key_type)}, {_plain(kind.item_type)}>"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{_plain(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {_plain(field.type)}' for field in kind)}>"
    return str(kind).removeprefix("large_")


def _sniff(sample: Sample) -> Guess:
    schema = parquet_schema(sample)
    table = _table_of(schema) if schema is not None else ""
    return Guess(0.98, f"rca's own table {table}") if table else NO


def _read(source: Source, sink: Sink) -> None:
    try:
        file = pq.ParquetFile(io.BytesIO(source.read_all()))
    except (OSError, pa.ArrowException) as error:
        raise FormatError(f"{source.path} is no readable Parquet file: {error}.") from None
    table = _table_of(file.schema_arrow)
    if not table:
        raise FormatError(
            f"{source.path} holds none of rca's own tables: its columns are {', '.join(file.schema_arrow.names[:8])}."
        )
    for batch in file.iter_batches():
        block = pa.table(batch)
        block = block.drop_columns([name for name in (*_OWN, "events") if name in block.schema.names])
        sink.rows(table, block)
        if "events" in batch.schema.names:
            sink.rows("span_events", _events(batch))


def _events(batch: pa.RecordBatch) -> pa.Table:
    """Return the events of a batch of spans, one a row."""
    lists = batch.column("events")
    at, events = pc.list_parent_indices(lists), pc.list_flatten(lists)
    columns = {name: batch.column(name).take(at) for name in ("trace_id", "span_id")}
    return pa.table(columns | {field.name: pc.struct_field(events, field.name) for field in EVENTS.value_type})


CANONICAL = Format(
    name="rca-parquet",
    title="rca's own tables as Parquet, as exported from a store",
    tables=("spans", "span_events", "logs", "queries", "metrics", "changes"),
    sniff=_sniff,
    read=_read,
)
