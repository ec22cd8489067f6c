"""One trace, span by span."""

from __future__ import annotations

import polars as pl

from rca.errors import NoDataError
from rca.sql import statement
from rca.store import Store

__all__ = ["spans_of"]


def spans_of(store: Store, trace_id: str) -> pl.DataFrame:
    """Return every span of a trace in the order of time, for a waterfall.

    Raises
    ------
    NoDataError
        When the store holds no span of it.
    """
    found = store.query(statement("trace_spans").sql, trace_id=trace_id)
    if found.is_empty():
        raise NoDataError(f"The store holds no span of trace {trace_id}.")
    return found
