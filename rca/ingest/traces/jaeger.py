"""Jaeger's JSON: answers of the API, files saved from the UI, documents of Elasticsearch, rows of Cassandra, messages of its own protocol."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Number, text_of
from rca.ingest.semconv import weight_from
from rca.ingest.source import Source
from rca.ingest.spans import Resource, SpanRows
from rca.ingest.traces.jaeger_rows import is_row, of_row
from rca.ingest.traces.shapes import each_record, guarded, micro, truthy
from rca.ingest.traces.spanparts import kind_named
from rca.ingest.values import BadRecord, count_of, hex_id, status_of

__all__ = ["JAEGER"]

_FOLLOWS, _CHILD = "follows_from", "child_of"
_VALUES = (
    "value",
    "vStr",
    "vBool",
    "vInt64",
    "vFloat64",
    "vBinary",
    "v_str",
    "v_bool",
    "v_int64",
    "v_float64",
    "v_binary",
)
_IDS = (("traceID", "spanID"), ("traceId", "spanId"), ("traceIdLow", "spanId"))
_FRACTIONS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def sniff(sample: Sample) -> Guess:
    """Say whether spans with an operation name and Jaeger's ids occur."""
    if not sample.looks_json or sample.has("frames", "schema"):  # Grafana's answer, whose columns bear the same names
        return NO
    if sample.has("operationName") and any(sample.has(*ids) for ids in _IDS):
        return Guess(0.97, "has operationName and traceID")
    if sample.has("span_hash", "operation_name", "span_id"):
        return Guess(0.97, "has span_hash and operation_name, columns of its table in Cassandra")
    if sample.has("traceID", "spanID") and sample.has("duration"):
        return Guess(0.9, "has traceID, spanID and duration")
    return NO


def read(source: Source, sink: Sink) -> None:
    """Read traces one after the other."""
    reader = _Reader(sink)
    each_record(source, sink, reader.rows, reader.document)


class _Reader:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.rows = SpanRows(sink)
        self._clock = Clock(sink.context)

    def document(self, document: Any) -> None:
        """Take a trace, a span, or whatever they are wrapped in."""
        if isinstance(document, list):
            for item in document:
                guarded(self.sink, self.document, item)
            return
        if not isinstance(document, dict):
            raise BadRecord("no trace of Jaeger: an object was expected")
        if is_row(document):
            document = of_row(document)
        for name in ("data", "result", "_source", "hits"):
            if (
                isinstance(document.get(name), dict | list)
                and "spans" not in document
                and "operationName" not in document
            ):
                self.document(document[name])
                return
        if isinstance(document.get("spans"), list):
            self._trace(document)
        elif "spanID" in document or "spanId" in document:
            self._trace({"spans": [document]})
        else:
            raise BadRecord("no trace of Jaeger: neither spans nor a spanID")

    def _trace(self, trace: dict[str, Any]) -> None:
        processes = {"": trace.get("process")} | (trace.get("processes") or {})
        weight = next((found for span in trace["spans"] if isinstance(span, dict) and (found := weight_from(dict(_tags(span))))), 0.0)  # fmt: skip
        seen: set[tuple[str, str, int]] = set()
        whole = str(trace.get("traceID") or "")
        for span in trace["spans"]:
            guarded(self.sink, partial(self._span, processes, weight, seen, whole), span)
        self.rows.flush_if_full()

    def _span(self, processes: dict[str, Any], weight: float, seen: set[tuple[str, str, int]], whole: str, span: Any) -> None:  # fmt: skip
        trace_id = _trace_id(span)
        if len(whole) > 16 and len(str(span.get("traceID"))) <= 16 and hex_id(whole, 32).endswith(trace_id[16:]):
            trace_id = hex_id(whole, 32)  # the lower half of a 128-bit id, from a client that knows no other
        span_id = _span_id(span, "spanID", "spanId")
        if not span_id or span.get("operationName") is None:
            raise BadRecord("no span of Jaeger: it has no spanID or no operationName")
        attributes = dict(_tags(span))
        kind = kind_named(attributes.get("span.kind"))  # a tag: whatever people wrote, and no reason to lose the span
        if (trace_id, span_id, kind) in seen:
            self.sink.duplicate()
            return
        parent, reference, links = _parent(span, trace_id)
        if reference:
            attributes["opentracing.ref_type"] = reference
        if span.get("warnings"):
            attributes["jaeger.warnings"] = text_of(span["warnings"])
        events = [(self._time(log.get("timestamp")), *_fields(log)) for log in span.get("logs") or []]
        status, message = _status(attributes)
        self.rows.add(
            self._resource(span, processes), trace_id=trace_id, span_id=span_id, parent_span_id=parent,
            name=str(span["operationName"]), kind=kind, start_ns=self._time(span.get("startTime")),
            duration_ns=_length(span.get("duration")), status=status, message=message,
            attributes=attributes, weight=weight,
        )  # fmt: skip
        seen.add((trace_id, span_id, kind))
        for at, name, fields in events:
            self.rows.event(trace_id, span_id, at, name, fields)
        for linked, ref_type in links:
            self.rows.link(trace_id, span_id, linked, {"opentracing.ref_type": ref_type})

    def _time(self, value: Any) -> int | None:
        if value is None or str(value).replace(".", "", 1).isdigit():
            return micro(value) or None
        found = self._clock.read(value)
        if found is None:
            raise BadRecord(f"the time {str(value)[:60]!r} cannot be read")
        return found

    def _resource(self, span: dict[str, Any], processes: dict[str, Any]) -> Resource:
        process = span.get("process") or processes.get(str(span.get("processID") or span.get("processId") or "")) or {}
        name = process.get("serviceName")
        attributes = {"service.name": str(name)} if name else {}
        return self.rows.resource(dict(_tags(process)) | attributes)


def _tags(holder: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield keys and texts of tags, given as a list or, with @ in place of dots, as a map."""
    for key, value in (holder.get("tag") or {}).items():
        yield str(key).replace("@", "."), text_of(value)
    tags = holder.get("tags") or []
    if isinstance(tags, dict):
        yield from ((str(key), text_of(value)) for key, value in tags.items())
        return
    for tag in tags:
        yield str(tag["key"]), text_of(next((tag[name] for name in _VALUES if name in tag), None))


def _fields(log: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the name of an event and what else it says."""
    fields = dict(_tags({"tags": log.get("fields")}))
    return fields.pop("event", None) or fields.get("message", ""), fields


def _parent(span: dict[str, Any], trace_id: str) -> tuple[str, str, list[tuple[tuple[str, str], str]]]:
    """Return the parent, how the span refers to it, and the other spans it refers to."""
    references = []
    for reference in span.get("references") or []:
        linked = _trace_id(reference), _span_id(reference, "spanID", "spanId")
        references.append((linked, str(reference.get("refType") or _CHILD).lower()))
    old = _span_id(span, "parentSpanID", "parentSpanId")
    parent = next((item for item in references if item[1] == _CHILD and item[0] == (trace_id, old)), None)
    for ref_type in (_CHILD, _FOLLOWS):
        if parent is None:
            parent = next(
                (item for item in references if item[1] == ref_type and _same_trace(item[0][0], trace_id)), None
            )
    if parent is None:
        return old, _CHILD if old else "", references
    references.remove(parent)
    return parent[0][1], parent[1], references


def _trace_id(holder: dict[str, Any]) -> str:
    """Return a trace id, given as text or, by Thrift, as two signed numbers of 64 bits."""
    if "traceIdLow" in holder:
        return hex_id(_unsigned(holder.get("traceIdHigh")) + _unsigned(holder["traceIdLow"]), 32)
    return hex_id(holder.get("traceID") or holder.get("traceId"), 32)


def _span_id(holder: dict[str, Any], *names: str) -> str:
    value = next((holder[name] for name in names if holder.get(name)), "")
    return hex_id(_unsigned(value) if isinstance(value, Number) else value, 16)


def _unsigned(value: Any) -> str:
    return f"{(count_of(value) or 0) % (1 << 64):016x}"


def _same_trace(one: str, other: str) -> bool:
    return one == other or (one[16:] == other[16:] and "0" * 16 in (one[:16], other[:16]))


def _length(value: Any) -> int | None:
    """Return a length in microseconds, or with its unit, such as ``5000ns``."""
    text = str(value or "0").replace("\u03bc", "µ")
    for unit, scale in _FRACTIONS.items():
        number = text.removesuffix(unit)
        if number != text and number.replace(".", "", 1).isdigit():
            return micro(number, scale=scale)
    return micro(value)


def _status(attributes: dict[str, str]) -> tuple[int, str]:
    code = attributes.get("otel.status_code", "")
    status = status_of(code) if code.upper() in ("OK", "ERROR", "UNSET") else 0
    if not status and truthy(attributes.get("error")):
        status = 2
    return status, attributes.get("otel.status_description", "")


JAEGER = Format("jaeger", "Jaeger JSON", ("spans", "span_events", "span_links"), sniff, read)
