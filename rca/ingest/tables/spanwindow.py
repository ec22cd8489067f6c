"""Spans on their way from tables and documents to the sink: kept until parents can be looked for, then written in order."""

from __future__ import annotations

from rca.ingest.contract import Sink
from rca.ingest.spans import SpanRows
from rca.ingest.tables.span_ids import Span, hex_span, resolve

__all__ = ["SpanWindow"]

_WINDOW = 200_000
"""Spans among which a parent is looked for."""


class SpanWindow:
    """Takes spans and rows that are none."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._rows = sink, SpanRows(sink)
        self._held: list[Span | tuple[str, str, int | None]] = []

    def add(self, span: Span) -> None:
        """Take a span."""
        self._held.append(span)

    def quarantine(self, reason: str, excerpt: str, offset: int | None) -> None:
        """Take a row that is no span, in its place."""
        self._held.append((reason, excerpt, offset))

    def write_if_full(self) -> None:
        """Write what is held when it is enough."""
        if len(self._held) >= _WINDOW:
            self.write()

    def write(self) -> None:
        """Settle traces and parents of what is held, and write it."""
        resolve([item for item in self._held if isinstance(item, Span)])
        for item in self._held:
            if isinstance(item, Span):
                self._push(item)
            else:
                self._sink.quarantine(*item)
            self._rows.flush_if_full()
        self._rows.flush()
        self._held = []

    def _push(self, span: Span) -> None:
        resource = dict(span.resource)
        if span.service:
            resource["service.name"] = span.service
        span_id = hex_span(span.span)
        self._rows.add(
            self._rows.resource(resource),
            trace_id=span.resolved,
            span_id=span_id,
            parent_span_id=hex_span(span.parent) if span.parent else "",
            name=span.name,
            kind=span.kind,
            start_ns=span.start_ns,
            duration_ns=span.duration_ns,
            status=span.status,
            message=span.message,
            attributes=span.attributes,
            weight=span.weight,
        )
        for time, name, attributes in span.events:
            self._rows.event(span.resolved, span_id, time, name, attributes)
