"""Spans as SigNoz exports them: one JSON object a line, with ISO lengths such as PT1.2S."""

from __future__ import annotations

import re
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import text_of
from rca.ingest.otlp.anyvalue import first
from rca.ingest.source import Source
from rca.ingest.spans import SpanRows
from rca.ingest.traces.shapes import each_record, guarded, micro, texts
from rca.ingest.values import BadRecord, hex_id, kind_of, status_of

__all__ = ["SIGNOZ"]

_LENGTH = re.compile(r"P(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?\Z")


def sniff(sample: Sample) -> Guess:
    """Say whether spans with SigNoz's names occur."""
    if not sample.looks_json or not sample.has("trace_id", "span_id", "duration"):
        return NO
    if sample.has("resources", "attributes") and sample.has("name"):
        return Guess(0.95, "has trace_id, span_id, duration, resources and attributes")
    return NO


def read(source: Source, sink: Sink) -> None:
    """Read spans one after the other."""
    rows, clock = SpanRows(sink), Clock(sink.context)

    def take(span: Any) -> None:
        if isinstance(span, list):
            for item in span:
                guarded(sink, take, item)
            return
        if not isinstance(span, dict) or not span.get("span_id"):
            raise BadRecord("no span: it has no span_id")
        start = clock.read(span.get("timestamp"))
        if start is None and span.get("timestamp"):
            raise BadRecord(f"the time {str(span['timestamp'])[:60]!r} cannot be read")
        trace_id, span_id = hex_id(span.get("trace_id"), 32), hex_id(span["span_id"], 16)
        attributes = texts(span.get("attributes"))
        events = [_event(clock, event) for event in span.get("events") or []]
        status = status_of(_number(first(span, "status_code", "status_code_string")))
        rows.add(
            rows.resource(texts(first(span, "resources", "resource"))), trace_id=trace_id, span_id=span_id,
            parent_span_id=hex_id(first(span, "parent_span_id", "parentSpanId"), 16), name=str(span.get("name") or ""),
            kind=kind_of(_number(first(span, "kind", "kind_string"))), start_ns=start, duration_ns=_length(first(span, "duration", "duration_nano")),
            status=status, message=str(span.get("status_message") or ""), tracestate=str(span.get("trace_state") or ""),
            attributes=attributes,
        )  # fmt: skip
        for event in events:
            rows.event(trace_id, span_id, *event)
        for link in span.get("links") or []:
            linked = hex_id(first(link, "trace_id", "traceId"), 32), hex_id(first(link, "span_id", "spanId"), 16)
            rows.link(trace_id, span_id, linked, texts(link.get("attributes")))

    each_record(source, sink, rows, take)


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


SIGNOZ = Format("signoz", "SigNoz spans as JSON lines", ("spans", "span_events", "span_links"), sniff, read)
