"""What a column and a table are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

__all__ = ["Column", "Table"]

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
    long_text: bool = False
    """Whether values are long and differ: a store of its own compresses them with zstd, smaller and cheaper than by trial."""

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
        return self._create("")

    @property
    def compressed_ddl(self) -> str:
        """The same for a database file of the store's own: in older forms of file the engine ignores the method it is told."""
        return self._create(" USING COMPRESSION zstd")

    def _create(self, for_long_text: str) -> str:
        columns = ", ".join(
            f'"{column.name}" {column.type}{for_long_text if column.long_text else ""}' for column in self.columns
        )
        return "CREATE TABLE IF NOT EXISTS " + f'"{self.name}" ({columns})'
