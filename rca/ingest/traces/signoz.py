"""Spans of SigNoz: exported lines with ISO lengths such as PT1.2S, rows of its tables, answers of its API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import loads, text_of
from rca.ingest.otlp.anyvalue import first
from rca.ingest.source import Source
from rca.ingest.spans import SpanRows
from rca.ingest.traces.shapes import each_record, guarded, micro, texts, truthy
from rca.ingest.values import BadRecord, hex_id, kind_of, status_of

__all__ = ["SIGNOZ"]

_LENGTH = re.compile(r"P(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?\Z")
_IDS = ("span_id", "spanId", "spanID")
_ATTRIBUTES = ("attributes", "attributes_string", "attributes_number", "attributes_bool", "tagMap", "tag_map")
_RESOURCES = ("resources", "resource", "resources_string", "resource_string")
_WRAPPERS = ("data", "result", "results", "list", "rows", "spans", "newResult", "aggregations")
_DEPTH = 8


def sniff(sample: Sample) -> Guess:
    """Say whether spans with SigNoz's names occur."""
    if not sample.looks_json or not sample.has("name"):
        return NO
    if sample.has("trace_id", "span_id", "duration", "resources", "attributes"):
        return Guess(0.95, "has trace_id, span_id, duration, resources and attributes")
    lengths = sample.has("duration_nano") or sample.has("durationNano")
    if lengths and any(sample.has(name) for name in _IDS) and any(sample.has(name) for name in (*_ATTRIBUTES, *_RESOURCES, "serviceName", "hasError")):  # fmt: skip
        return Guess(0.95, "has span ids and lengths in nanoseconds under SigNoz's names")
    return NO


def read(source: Source, sink: Sink) -> None:
    """Read spans one after the other."""
    rows, clock = SpanRows(sink), Clock(sink.context)

    def take(value: Any) -> None:
        spans = list(_inside(value))
        if len(spans) == 1 and spans[0] is value:
            _span(rows, clock, value)
            return
        if not spans and value:
            raise BadRecord("no span: it has no span_id")
        for span in spans:
            guarded(sink, take, span)

    each_record(source, sink, rows, take)


def _inside(value: Any, at: Any = None, depth: int = _DEPTH) -> Iterator[dict[str, Any]]:
    """Yield the spans that an answer is wrapped around; a row of a list may have its time beside its data."""
    if isinstance(value, dict) and any(value.get(name) for name in _IDS):
        yield value if at is None or "timestamp" in value else value | {"timestamp": at}
    elif isinstance(value, dict) and depth:
        for name in _WRAPPERS:
            if isinstance(value.get(name), dict | list):
                yield from _inside(value[name], value.get("timestamp"), depth - 1)
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _inside(item, None, depth - 1)


def _span(rows: SpanRows, clock: Clock, span: dict[str, Any]) -> None:
    start = clock.read(span.get("timestamp"))
    if start is None and span.get("timestamp"):
        raise BadRecord(f"the time {str(span['timestamp'])[:60]!r} cannot be read")
    trace_id = hex_id(first(span, "trace_id", "traceId", "traceID"), 32)
    span_id = hex_id(first(span, *_IDS), 16)
    attributes = {key: text for name in _ATTRIBUTES for key, text in texts(span.get(name)).items()}
    resource = {key: text for name in _RESOURCES for key, text in texts(span.get(name)).items()}
    service = first(span, "serviceName", "service.name", "service_name", "resource_string_service$$name")
    if service:
        resource.setdefault("service.name", str(service))
    events = [_event(clock, event) for event in _listed(first(span, "events", "event"))]
    status = status_of(_number(first(span, "status_code_string", "statusCodeString", "status_code", "statusCode")))
    if not status and truthy(first(span, "has_error", "hasError")):
        status = 2
    parent = hex_id(first(span, "parent_span_id", "parentSpanId", "parentSpanID"), 16)
    rows.add(
        rows.resource(resource), trace_id=trace_id, span_id=span_id, parent_span_id=parent, name=str(span.get("name") or ""),
        kind=kind_of(_number(first(span, "kind", "kind_string", "spanKind"))), start_ns=start,
        duration_ns=_length(first(span, "duration", "duration_nano", "durationNano")), status=status,
        message=str(first(span, "status_message", "statusMessage") or ""), tracestate=str(first(span, "trace_state", "traceState") or ""),
        attributes=attributes,
    )  # fmt: skip
    for event in events:
        rows.event(trace_id, span_id, *event)
    for link in _listed(first(span, "links", "references")):
        linked = hex_id(first(link, "trace_id", "traceId"), 32), hex_id(first(link, "span_id", "spanId"), 16)
        if linked != (trace_id, parent) and linked[1]:
            rows.link(trace_id, span_id, linked, texts(link.get("attributes")))


def _listed(value: Any) -> list[Any]:
    """Return a list of objects, which may be written as text, as a whole or each by itself."""
    if isinstance(value, str):
        value = loads(value) if value.strip() else []
    items = value if isinstance(value, list) else []
    return [loads(item) if isinstance(item, str) else item for item in items if item]


def _number(value: Any) -> Any:
    return None if value is None else str(value)


def _event(clock: Clock, event: dict[str, Any]) -> tuple[int | None, str, dict[str, str]]:
    at = clock.read(first(event, "timestamp", "timeUnixNano", "time"))
    return at, text_of(event.get("name")), texts(first(event, "attributes", "attributeMap"))


def _length(value: Any) -> int | None:
    """Return a length given in ISO 8601 or as nanoseconds."""
    if value is None:
        return None
    found = _LENGTH.match(str(value))
    if not found:
        return micro(value, scale=1)
    scales = (86_400, 3_600, 60, 1)
    parts = zip(found.groups(), scales, strict=True)
    return sum(micro(number, scale=scale * 1_000_000_000) or 0 for number, scale in parts if number)


SIGNOZ = Format("signoz", "SigNoz spans as JSON", ("spans", "span_events", "span_links"), sniff, read)
