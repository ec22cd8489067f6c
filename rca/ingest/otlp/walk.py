"""OTLP documents as plain dictionaries, walked with patience: every spelling that is seen in the wild is understood.

The quick readers beside this one handle what follows the rules and hand everything else to here. What is one record (a
span, a log record, a metric point) and cannot be understood is quarantined by itself; its neighbours stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from rca.ingest.contract import Sink
from rca.ingest.otlp.anyvalue import attributes_of, first, scope_attributes
from rca.ingest.otlp.logs import LogRows
from rca.ingest.otlp.metrics import PointRows
from rca.ingest.otlp.parts import event_of, link_of
from rca.ingest.spans import Resource, SpanRows
from rca.ingest.values import BadRecord, hex_id, kind_of, nanoseconds, status_of

__all__ = ["Walker"]

_SPANS = ("resourceSpans", "resource_spans", "batches")
_LOGS = ("resourceLogs", "resource_logs")
_METRICS = ("resourceMetrics", "resource_metrics")
_WRAPPERS = ("trace", "result", "data", "tracesData", "request")
_EXCERPT = 400


class Walker:
    """Walks documents and gathers their rows."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.spans = SpanRows(sink)
        self.logs = LogRows(sink)
        self.points = PointRows(sink)

    def flush(self) -> None:
        """Hand over everything that was gathered."""
        self.spans.flush()
        self.logs.flush()
        self.points.flush()

    def document(self, document: Any, offset: int | None = None, depth: int = 3) -> bool:
        """Take a document; say whether it was one of OTLP's.

        Parameters
        ----------
        document
            What was decoded.
        offset
            Where it begins, for the quarantine.
        depth
            How many wrappers may still be opened.
        """
        if isinstance(document, list):
            return self._list(document, offset, depth)
        if not isinstance(document, dict):
            return False
        known = False
        for names, inner, records, take in (
            (_SPANS, ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans"), ("spans",), self._span),
            (_LOGS, ("scopeLogs", "scope_logs", "instrumentationLibraryLogs"), ("logRecords", "log_records", "logs"), self.logs.add),
            (_METRICS, ("scopeMetrics", "scope_metrics", "instrumentationLibraryMetrics"), ("metrics",), self.points.add),
        ):  # fmt: skip
            for name in names:
                if name in document:
                    known = True
                    self._resources(document[name], inner, records, take, offset)
            if not known and any(
                name in document for name in inner
            ):  # one entry by itself, as loggers of SDKs write it
                known = True
                self._resources([document], inner, records, take, offset)
        if known or depth <= 0:
            return known
        wrapped = [document[name] for name in _WRAPPERS if isinstance(document.get(name), dict | list)]
        found = [self.document(item, offset, depth - 1) for item in wrapped]
        return any(found)

    def _list(self, documents: list[Any], offset: int | None, depth: int) -> bool:
        """Take the documents of a list; of a list that has any, the others are accounted for."""
        if depth <= 0:
            return False
        taken = [self.document(item, offset, depth - 1) for item in documents]
        if not any(taken):
            return False
        for item, known in zip(documents, taken, strict=True):
            if not known and item:
                self.sink.quarantine("no document of OTLP", _excerpt(item), offset)
        return True

    def _resources(self, entries: Any, inner: tuple[str, ...], records: tuple[str, ...], take: Callable[..., None], offset: int | None) -> None:  # fmt: skip
        for entry in self._dicts(entries, offset):
            try:
                resource = self.spans.resource(attributes_of((entry.get("resource") or {}).get("attributes")))
            except (BadRecord, AttributeError) as error:
                self.sink.quarantine(f"the resource: {error}", _excerpt(entry), offset)
                continue
            for scoped in self._dicts(first(entry, *inner) or _unscoped(entry, records), offset):
                try:
                    scope = scope_attributes(
                        first(scoped, "scope", "instrumentationLibrary", "instrumentation_library")
                    )
                except (BadRecord, AttributeError) as error:
                    self.sink.quarantine(f"the scope: {error}", _excerpt(scoped), offset)
                    continue
                for record in self._dicts(first(scoped, *records), offset):
                    self._take(take, resource, scope, record, offset)

    def _take(self, take: Callable[..., None], resource: Resource, scope: dict[str, str], record: dict[str, Any], offset: int | None) -> None:  # fmt: skip
        try:
            take(resource, scope, record)
        except BadRecord as error:
            self.sink.quarantine(str(error), _excerpt(record), offset)
        except (AttributeError, TypeError, ValueError, KeyError, OverflowError) as error:
            self.sink.quarantine(f"not the shape of OTLP ({type(error).__name__}: {error})", _excerpt(record), offset)

    def _dicts(self, entries: Any, offset: int | None) -> Iterator[dict[str, Any]]:
        for entry in entries if isinstance(entries, list) else [entries] if entries else []:
            if isinstance(entry, dict):
                yield entry
            else:
                self.sink.quarantine("not the shape of OTLP: an object was expected", _excerpt(entry), offset)

    def _span(self, resource: Resource, scope: dict[str, str], span: dict[str, Any]) -> None:
        status = span.get("status") or {}
        start = nanoseconds(first(span, "startTimeUnixNano", "start_time_unix_nano"))
        end = nanoseconds(first(span, "endTimeUnixNano", "end_time_unix_nano"))
        trace_id = hex_id(first(span, "traceId", "trace_id"), 32)
        span_id = hex_id(first(span, "spanId", "span_id"), 16)
        parent = hex_id(first(span, "parentSpanId", "parent_span_id"), 16)
        attributes = attributes_of(span.get("attributes"))
        events = [event_of(event) for event in span.get("events") or []]
        links = [link_of(link) for link in span.get("links") or []]
        self.spans.add(
            resource, trace_id=trace_id, span_id=span_id, parent_span_id=parent, name=str(span.get("name") or ""),
            kind=kind_of(span.get("kind")), start_ns=start, duration_ns=None if start is None or end is None else end - start,
            status=status_of(status.get("code")), message=str(status.get("message") or ""),
            tracestate=str(first(span, "traceState", "trace_state") or ""), attributes=attributes, scope=self.spans.scope(scope),
        )  # fmt: skip
        for event in events:
            self.spans.event(trace_id, span_id, *event)
        for linked, more in links:
            self.spans.link(trace_id, span_id, linked, more)
        self.spans.flush_if_full()


def _unscoped(entry: dict[str, Any], records: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return records that lie directly below the resource, as some senders write them."""
    return [entry] if any(name in entry for name in records) else []


def _excerpt(record: Any) -> bytes:
    return orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS)[:_EXCERPT]
