"""The seam between portable SQL and an engine that runs it.

An engine runs one statement with parameters and returns Arrow; it knows the canonical relations by their plain names.
Nothing above this folder imports an engine's library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import pyarrow as pa

__all__ = ["Engine"]


class Engine(Protocol):
    """What every engine offers."""

    name: str
    """Short name: ``duckdb``, ``clickhouse``, ``spark``."""
    read_only: bool
    """Whether nothing can be ingested."""
    notes: tuple[str, ...]
    """What a reader of any result must know: a sample, a window, columns that the tables lack."""

    @property
    def location(self) -> str:
        """Where the data is, for messages; never with credentials."""
        ...

    def run(self, sql: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one SELECT and return its rows.

        Raises
        ------
        QueryError
            With the parameters and the engine's own words.
        """
        ...

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield its rows piece by piece, for results larger than memory."""
        ...

    def close(self) -> None:
        """Release the connection; a second call does nothing."""
        ...
