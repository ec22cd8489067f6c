"""Spans that OpenTelemetry's SDKs write to the console: Python's ConsoleSpanExporter, Go's stdouttrace."""

from __future__ import annotations

from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import text_of
from rca.ingest.source import Source
from rca.ingest.spans import SpanRows
from rca.ingest.traces.shapes import each_record, guarded, texts
from rca.ingest.values import BadRecord, hex_id, kind_of, status_of

__all__ = ["SDK_CONSOLE"]


def sniff(sample: Sample) -> Guess:
    """Say whether spans as the SDKs print them occur."""
    if not sample.looks_json:
        return NO
    if sample.has("context", "trace_id", "span_id", "parent_id", "start_time", "end_time", "kind"):
        return Guess(0.96, "has context, parent_id, start_time and end_time, as Python's exporter prints them")
    if sample.has("SpanContext", "TraceID", "SpanID", "StartTime", "EndTime"):
        return Guess(0.96, "has SpanContext, StartTime and EndTime, as Go's exporter prints them")
    return NO


def read(source: Source, sink: Sink) -> None:
    """Read spans one after the other."""
    rows, clock = SpanRows(sink), Clock(sink.context)

    def take(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                guarded(sink, take, item)
        elif isinstance(value, dict) and isinstance(value.get("SpanContext"), dict):
            _span(rows, clock, _as_python(value))
        elif isinstance(value, dict) and isinstance(value.get("context"), dict):
            _span(rows, clock, value)
        else:
            raise BadRecord("no span of an SDK: it has no context")

    each_record(source, sink, rows, take)


def _span(rows: SpanRows, clock: Clock, span: dict[str, Any]) -> None:
    trace_id, span_id = _ids(span["context"])
    if not span_id:
        raise BadRecord("no span of an SDK: its context has no span_id")
    start, end = clock.read(span.get("start_time")), clock.read(span.get("end_time"))
    if start is None and span.get("start_time"):
        raise BadRecord(f"the time {str(span['start_time'])[:60]!r} cannot be read")
    status = span.get("status") or {}
    resource = span.get("resource") or {}
    state = str(span["context"].get("trace_state") or "")
    events = [(clock.read(event.get("timestamp")), text_of(event.get("name")), texts(event.get("attributes"))) for event in span.get("events") or []]  # fmt: skip
    links = [(_ids(link.get("context") or {}), texts(link.get("attributes"))) for link in span.get("links") or []]
    scope = span.get("instrumentation_scope") or {}
    named = {"otel.scope.name": scope.get("name"), "otel.scope.version": scope.get("version")}
    rows.add(
        rows.resource(texts(resource.get("attributes", resource))), trace_id=trace_id, span_id=span_id,
        parent_span_id=_hex(span.get("parent_id"), 16), name=str(span.get("name") or ""),
        kind=kind_of(_word(span.get("kind"))), start_ns=start, duration_ns=None if start is None or end is None else end - start,
        status=status_of(_word(status.get("status_code"))), message=text_of(status.get("description")),
        tracestate="" if state == "[]" else state, attributes=texts(span.get("attributes")),
        scope=rows.scope({key: str(value) for key, value in named.items() if value}),
    )  # fmt: skip
    for event in events:
        rows.event(trace_id, span_id, *event)
    for linked, more in links:
        rows.link(trace_id, span_id, linked, more)


def _as_python(span: dict[str, Any]) -> dict[str, Any]:
    """Return a span as Go prints it under the names that Python prints."""
    status, scope = span.get("Status") or {}, span.get("InstrumentationScope") or span.get("InstrumentationLibrary") or {}  # fmt: skip
    return {
        "context": _context(span["SpanContext"]), "parent_id": (span.get("Parent") or {}).get("SpanID"), "name": span.get("Name"),
        "kind": _of_go(span.get("SpanKind")), "start_time": span.get("StartTime"), "end_time": span.get("EndTime"),
        "status": {"status_code": status.get("Code"), "description": status.get("Description")},
        "attributes": _pairs(span.get("Attributes")), "resource": {"attributes": _pairs(span.get("Resource"))},
        "instrumentation_scope": {"name": scope.get("Name"), "version": scope.get("Version")},
        "events": [{"timestamp": event.get("Time"), "name": event.get("Name"), "attributes": _pairs(event.get("Attributes"))}
                   for event in span.get("Events") or span.get("MessageEvents") or []],
        "links": [{"context": _context(link.get("SpanContext") or {}), "attributes": _pairs(link.get("Attributes"))} for link in span.get("Links") or []],
    }  # fmt: skip


def _context(given: dict[str, Any]) -> dict[str, Any]:
    return {"trace_id": given.get("TraceID"), "span_id": given.get("SpanID"), "trace_state": given.get("TraceState")}


def _pairs(pairs: Any) -> dict[str, Any]:
    """Return Go's list of keys with typed values as a map."""
    return {str(pair.get("Key")): (pair.get("Value") or {}).get("Value") for pair in pairs or []}


def _of_go(kind: Any) -> Any:
    """Go counts kinds as OTLP does: internal is 1, server 2."""
    return kind if isinstance(kind, str) and not kind.isdigit() else int(kind or 0)


def _ids(context: dict[str, Any]) -> tuple[str, str]:
    return _hex(context.get("trace_id"), 32), _hex(context.get("span_id"), 16)


def _hex(value: Any, width: int) -> str:
    return hex_id(str(value).removeprefix("0x") if value else "", width)


def _word(value: Any) -> Any:
    """Return ``SpanKind.SERVER`` as its last word."""
    return value.rsplit(".", 1)[-1] if isinstance(value, str) else value


SDK_CONSOLE = Format("otel-console", "OpenTelemetry SDK console output (Python, Go)", ("spans", "span_events", "span_links"), sniff, read)  # fmt: skip
