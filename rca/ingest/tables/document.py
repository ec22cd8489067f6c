"""Tables in JSON: an array of records, lines of records, or a document with lists inside; recognised by field names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rca.errors import FormatError
from rca.ingest.answers import is_ceremony
from rca.ingest.changes.kinds import kind_of_name
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, Value, peek, text_of, values
from rca.ingest.source import Source
from rca.ingest.tables.batch import Batch, Builder
from rca.ingest.tables.build import builder_of
from rca.ingest.tables.layout import UNKNOWN, Layout, decide
from rca.ingest.tables.names import SERVICE, SPAN, find, normal
from rca.ingest.tables.unwrap import Inner, expanded, tables_in

__all__ = ["DOCUMENT", "read_inner"]

_BATCH = 20_000
_RECORD = 0.75
"""How sure a document must be a record itself before its lists are left inside it."""


_GENERIC = frozenset((
    "data", "items", "results", "result", "records", "rows", "values", "value", "metrics", "metric", "series", "points", "events", "spans", "traces",
    "logs", "list", "entries", "response", "payload", "hits", "content", "body", "changes", "edges", "nodes", "services", "timeseries", "metadata",
    "tables", "primary_result", "table_0", "nrql", "actor", "account", "workflow_runs", "deployments",
))  # fmt: skip
"""Keys of lists that say nothing of what the rows are about."""


def _records(items: Iterable[Any]) -> list[dict[str, Any]]:
    return list(expanded(item for item in items if isinstance(item, dict)))


def _hint(inner: Inner, file: str) -> str:
    """Return the name that says what the rows of a list are: the list's, unless only the file's names a kind of change."""
    return inner.name if kind_of_name(inner.name) or not kind_of_name(file) else file


def _settled(inner: Inner) -> list[dict[str, Any]]:
    """Return the rows of a list with what only its place tells: the trace around spans, the service whose key it is."""
    rows = list(expanded(inner.rows))
    if not rows:
        return rows
    more: dict[str, Any] = {}
    trace = find(inner.envelope, SPAN["trace_id"][:5])
    if trace and find(rows[0], SPAN["trace_id"]) is None and find(rows[0], SPAN["span_id"][:5]):
        more[trace] = inner.envelope[trace]
    if find(rows[0], SERVICE[:10]) is None:
        told = find(inner.envelope, SERVICE[:10])
        places = [inner.parent] if find(rows[0], ("value",)) else [inner.name, inner.parent]
        place = next(
            (
                name
                for name in places
                if name and normal(name) not in _GENERIC and not kind_of_name(name) and "." not in name
            ),
            "",
        )
        if told is not None or place:
            more["service"] = inner.envelope[told] if told is not None else place
    return [{**more, **row} for row in rows] if more else rows


def _as_rows(rows: list[dict[str, Any]], name: str) -> Layout:
    return decide(list(dict.fromkeys(key for row in rows[:50] for key in row)), rows[:50], name)


def _whole(rows: list[dict[str, Any]], name: str) -> Layout:
    """Return what the values themselves are, where they are the records; unknown where they are envelopes."""
    layout = _as_rows(rows, name)
    if layout.kind and len(rows) == 1:
        lists = [
            inner
            for inner in tables_in(rows[0])
            if inner.name != "commits" and (kind_of_name(inner.name) or len(inner.rows) > 2)
        ]
        if (lists and layout.score < _RECORD) or any(
            _as_rows(inner.rows, inner.name).score >= _RECORD for inner in lists
        ):
            return UNKNOWN
    return layout


def _sniff(sample: Sample) -> Guess:
    rows = _records(peek(sample))
    if not rows:
        return NO
    layout = _whole(rows, sample.name)
    inner = (
        []
        if layout.kind
        else [
            _as_rows(_settled(found), _hint(found, sample.name))
            for row in [row for row in rows if not is_ceremony(row)][:3]
            for found in tables_in(row, name=sample.name)
        ]
    )
    best = max([layout, *inner], key=lambda found: found.score)
    if not best.kind:
        return Guess(0.0, f"fields {', '.join(list(rows[0])[:6])} are none that telemetry has")
    # Records of logs are left to the formats of loggers, which know more of them.
    score = 0.1 if best.kind == "logs" else min(best.score, 0.8)
    return Guess(score if layout.kind else score - 0.05, best.reason)


def _read(source: Source, sink: Sink) -> None:
    head, complete = source.head()
    rows = _records(peek(Sample(source.name, head, complete, source.path)))
    if not rows:
        raise FormatError(f"{source.path} holds no JSON objects.")
    layout = _whole(rows, source.name)
    if layout.kind:
        _read_rows(source, sink, builder_of(layout, source, sink, rows[0]))
        return
    builders: dict[str, Builder] = {}
    for item in values(source):
        if isinstance(item, Broken):
            sink.quarantine(item.reason, item.excerpt, item.offset)
        elif isinstance(item.value, dict):
            found = [] if is_ceremony(item.value) else list(tables_in(item.value, name=source.name))
            if not found and not is_ceremony(item.value):
                sink.quarantine(
                    "fields that rca does not know, and no list of records inside", text_of(item.value), item.offset
                )
            for inner in found:
                read_inner(inner, source, sink, builders, item.offset)
        else:
            sink.quarantine("no JSON object", text_of(item.value), item.offset)
    for builder in builders.values():
        builder.finish()
    if not sink.reserve(0):
        raise FormatError(f"{source.path} holds no list of records that rca knows.")


def _read_rows(source: Source, sink: Sink, builder: Builder) -> None:
    for batch in _batches(source, sink, builder):
        builder.add(batch)
    builder.finish()


def _batches(source: Source, sink: Sink, builder: Builder) -> Iterator[Batch]:
    rows: list[dict[str, Any]] = []
    offsets: list[int] = []
    for item in values(source):
        if isinstance(item, Value) and isinstance(item.value, dict):
            found = list(expanded((item.value,)))
            rows += found
            offsets += [item.offset] * len(found)
        if len(rows) >= _BATCH or not (isinstance(item, Value) and isinstance(item.value, dict)):
            if rows:
                yield Batch(offsets, rows=rows)
            rows, offsets = [], []
        if isinstance(item, Broken):
            builder.finish()
            sink.quarantine(item.reason, item.excerpt, item.offset)
        elif not isinstance(item.value, dict):
            builder.finish()
            sink.quarantine("no JSON object", text_of(item.value), item.offset)
    if rows:
        yield Batch(offsets, rows=rows)


def read_inner(inner: Inner, source: Source, sink: Sink, builders: dict[str, Builder], offset: int) -> None:
    """Read one list of a document; rows of no known kind go to the quarantine.

    Parameters
    ----------
    builders
        Builders by the name of the list, made here when they are first needed; the caller finishes them.
    offset
        Byte at which the document begins.
    """
    rows, hint = _settled(inner), _hint(inner, source.name)
    builder = builders.get(inner.name)
    if builder is None:
        layout = _as_rows(rows, hint)
        if not layout.kind:
            for row in inner.rows:
                sink.quarantine(
                    f"a record of the list {inner.name!r}, whose fields rca does not know", text_of(row), offset
                )
            return
        builder = builders[inner.name] = builder_of(layout, source, sink, rows[0])
    builder.add(Batch([offset] * len(rows), rows=rows, envelope=inner.envelope))


DOCUMENT = Format(
    "json-table",
    "JSON records with named fields: metrics, spans, call graphs, changes, alerts, log patterns",
    ("metrics", "spans", "logs", "changes", "queries", "service_edges"),
    _sniff,
    _read,
)
