"""Which builder makes rows of which layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rca.errors import FormatError
from rca.ingest.changes.table import ChangeTable
from rca.ingest.contract import Sink
from rca.ingest.source import Source
from rca.ingest.tables.batch import Builder
from rca.ingest.tables.edges import Edges
from rca.ingest.tables.layout import Layout
from rca.ingest.tables.logs import LogTable, PatternTable
from rca.ingest.tables.points import LongPoints, WidePoints
from rca.ingest.tables.queries import QueryTable
from rca.ingest.tables.spans import SpanTable

__all__ = ["builder_of"]

_MAKERS: Mapping[str, Callable[[Layout, Sink], Builder]] = {
    "points": LongPoints,
    "wide": WidePoints,
    "queries": QueryTable,
    "edges": Edges,
    "changes": ChangeTable,
    "patterns": PatternTable,
}


def builder_of(layout: Layout, source: Source, sink: Sink, columns: Iterable[str]) -> Builder:
    """Return what makes rows of a table of this layout.

    Raises
    ------
    FormatError
        When the layout is unknown; the message names the columns.
    """
    if layout.kind == "logs":
        return LogTable(source, sink)
    if layout.kind == "spans":
        return SpanTable(layout, sink, LogTable(source, sink))
    if layout.kind not in _MAKERS:
        names = ", ".join(list(columns)[:12])
        raise FormatError(
            f"The columns of {source.path} ({names}) are none that rca knows. Metrics have timestamp, service, metric, value; spans trace_id, "
            "span_id, start, duration_ms; call graphs caller, callee; changes timestamp, service and version, flag or sha."
        )
    return _MAKERS[layout.kind](layout, sink)
