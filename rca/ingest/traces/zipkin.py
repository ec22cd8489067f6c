"""Zipkin v2 JSON: lists of spans, lists of traces, one span a line. A span that client and server share is two rows."""

from __future__ import annotations

from typing import Any

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import peek, text_of
from rca.ingest.source import Source
from rca.ingest.spans import SpanRows
from rca.ingest.traces.shapes import each_record, guarded, micro, texts, truthy
from rca.ingest.traces.zipkin_v1 import is_first, spans_of
from rca.ingest.values import BadRecord, hex_id, kind_of, status_of

__all__ = ["ZIPKIN"]

_KEYS = frozenset(("traceId", "id", "parentId", "name", "kind", "timestamp", "duration", "localEndpoint", "remoteEndpoint",
                   "annotations", "binaryAnnotations", "tags", "shared", "debug"))  # fmt: skip


def sniff(sample: Sample) -> Guess:
    """Say whether spans with Zipkin's names occur."""
    if not sample.looks_json or not sample.has("traceId"):
        return NO
    if not sample.has(
        "id"
    ):  # spans that cannot be told apart: better named as what is wrong than read as something else
        alone = sample.has("localEndpoint", "timestamp") and not sample.has("spanId")
        return Guess(0.9, "has traceId and localEndpoint, and no id") if alone else NO
    found = sum(sample.has(name) for name in ("localEndpoint", "parentId", "timestamp", "duration", "kind", "annotations", "tags", "name"))  # fmt: skip
    if sample.has("localEndpoint") and found >= 2:
        return Guess(0.97, "has traceId, id and localEndpoint")
    if sample.has("binaryAnnotations"):
        return Guess(0.97, "has traceId, id and binaryAnnotations")
    if found >= 1 and _nothing_else(peek(sample)):
        return Guess(0.95, "has traceId, id and only fields of Zipkin")
    return Guess(0.6, "has traceId, id, timestamp and duration") if found >= 4 and sample.has("timestamp", "duration") else NO  # fmt: skip


def _nothing_else(values: list[Any]) -> bool:
    spans = [span for value in values for span in (value if isinstance(value, list) else [value])]
    return bool(spans) and all(isinstance(span, dict) and {"traceId", "id"} <= set(span) <= _KEYS for span in spans)


def read(source: Source, sink: Sink) -> None:
    """Read spans one after the other."""
    rows = SpanRows(sink)

    def take(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                guarded(sink, take, item)
        elif isinstance(value, dict) and is_first(value):
            for item in spans_of(value):
                _span(rows, item)
        else:
            _span(rows, value)
        rows.flush_if_full()

    each_record(source, sink, rows, take)


def _span(rows: SpanRows, span: Any) -> None:
    if not isinstance(span, dict) or "traceId" not in span or "id" not in span:
        raise BadRecord("no span of Zipkin: it has no traceId or no id")
    trace_id, span_id = hex_id(span["traceId"], 32), hex_id(span["id"], 16)
    local, remote = span.get("localEndpoint") or {}, span.get("remoteEndpoint") or {}
    attributes = (
        _endpoint(local, "net.host", "") | _endpoint(remote, "net.peer", "peer.service") | texts(span.get("tags"))
    )
    for flag in ("shared", "debug"):
        if truthy(span.get(flag)):
            attributes[f"zipkin.{flag}"] = "true"
    status, message = _status(attributes)
    kind = kind_of(span.get("kind"))
    events = [(micro(item.get("timestamp")), text_of(item.get("value"))) for item in span.get("annotations") or []]
    rows.add(
        rows.resource({"service.name": str(local["serviceName"])} if local.get("serviceName") else {}),
        trace_id=trace_id, span_id=span_id, parent_span_id=hex_id(span.get("parentId"), 16), name=str(span.get("name") or ""),
        kind=kind, start_ns=micro(span.get("timestamp")) or None, duration_ns=micro(span.get("duration")),
        status=status, message=message, attributes=attributes,
    )  # fmt: skip
    for at, name in events:
        rows.event(trace_id, span_id, at, name, {})


def _endpoint(endpoint: dict[str, Any], prefix: str, service: str) -> dict[str, str]:
    named = {
        service: endpoint.get("serviceName"),
        f"{prefix}.ip": endpoint.get("ipv4") or endpoint.get("ipv6"),
        f"{prefix}.port": endpoint.get("port"),
    }
    return {key: text_of(value) for key, value in named.items() if key and value}


def _status(attributes: dict[str, str]) -> tuple[int, str]:
    code = attributes.get("otel.status_code", "")
    error = attributes.get("error")
    status = status_of(code) if code.upper() in ("OK", "ERROR") else 0
    if not status and error is not None and error.lower() != "false":
        status = 2
    message = attributes.get("otel.status_description", "")
    return status, message or (error if status == 2 and error and not truthy(error) else "")


ZIPKIN = Format("zipkin", "Zipkin v2 JSON", ("spans", "span_events"), sniff, read)
