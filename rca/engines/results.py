"""Rows of any engine as the types that a statement's header promises."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from rca.errors import EngineError
from rca.schema.columns import Column
from rca.statements import parse

__all__ = ["conformed", "typed"]


def conformed(rows: pa.Table, sql: str) -> pa.Table:
    """Return rows with the types of the header of `sql`; without a header, with the plain ones of the canonical tables.

    Raises
    ------
    EngineError
        When the engine returned something that cannot be such a value: a bug, or an engine that is not what it says.
    """
    promised = {field.name: field.type for field in parse("", sql).columns}
    columns = []
    for field, column in zip(rows.schema, rows.columns, strict=True):
        kind = Column(field.name, promised[field.name], "").arrow if field.name in promised else _plain(field.type)
        try:
            columns.append(_cast(column, kind))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise EngineError(f"Column {field.name} came as {field.type}, where {kind} was expected: {error}") from None
    return pa.table(columns, names=rows.schema.names)


def typed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows with the types of a schema's columns of the same names."""
    columns = [
        _cast(column, schema.field(name).type) for name, column in zip(rows.schema.names, rows.columns, strict=True)
    ]
    return pa.table(columns, names=rows.schema.names)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == kind:
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_boolean(kind) and pa.types.is_integer(column.type):
        return pc.not_equal(column, 0)
    if pa.types.is_decimal(column.type) and pa.types.is_integer(kind):
        return column.cast(kind)
    if pa.types.is_map(kind) and not pa.types.is_map(column.type):
        pairs = [
            None if item is None else list(item.items()) if isinstance(item, dict) else item
            for item in column.to_pylist()
        ]
        return pa.chunked_array([pa.array(pairs, kind)])
    return column.cast(kind)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_unsigned_integer(kind):
        return pa.int64()
    if pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.string()
    if pa.types.is_map(kind):
        return pa.map_(pa.string(), pa.string())
    return kind
