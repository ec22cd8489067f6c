"""The canonical tables as data: one place for names, types, units, OpenTelemetry attributes and comments.

DDL, Arrow schemas and documentation are made from here. A reader of a format gives the columns it knows; what it leaves
out gets the column's default, so that absent text is ``''`` on every engine and an unsampled row weighs 1.
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from rca.errors import SchemaError, did_you_mean
from rca.schema.columns import Column, Table
from rca.schema.tables import TABLES

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


def create_statements(*, compressed: bool = False) -> list[str]:
    """Return the statements that create every canonical table; `compressed` for a database file of the store's own."""
    return [item.compressed_ddl if compressed else item.ddl for item in TABLES]


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
