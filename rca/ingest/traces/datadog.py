"""Spans as the Datadog agent takes them (v0.4 JSON): lists of traces, ids as decimal numbers of 64 bits."""

from __future__ import annotations

from functools import partial
from typing import Any

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.semconv import SAMPLING_KEYS, weight_from
from rca.ingest.source import Source
from rca.ingest.spans import SpanRows
from rca.ingest.traces.shapes import each_record, guarded, micro, texts
from rca.ingest.values import BadRecord, count_of, kind_of

__all__ = ["DATADOG"]

_KIND_OF_TYPE = {"web": "SERVER", "sql": "CLIENT", "db": "CLIENT", "cache": "CLIENT", "http": "CLIENT", "redis": "CLIENT", "mongodb": "CLIENT", "elasticsearch": "CLIENT"}  # fmt: skip
_RESOURCE = {"env": "deployment.environment.name", "version": "service.version"}


def sniff(sample: Sample) -> Guess:
    """Say whether spans with Datadog's names occur."""
    if not sample.looks_json or not sample.has("trace_id", "span_id", "parent_id"):
        return NO
    if sample.has("resource", "service") and sample.has("start", "duration"):
        return Guess(0.96, "has trace_id, span_id, parent_id, resource, service, start and duration")
    return NO


def read(source: Source, sink: Sink) -> None:
    """Read traces one after the other."""
    rows = SpanRows(sink)

    def take(value: Any) -> None:
        if isinstance(value, dict) and "span_id" not in value:
            inner = next(
                (value[name] for name in ("traces", "spans", "data") if isinstance(value.get(name), list)), None
            )
            if inner is None:
                raise BadRecord("no span of Datadog: it has no span_id")
            take(inner)
        elif isinstance(value, list):
            spans = [item for item in value if isinstance(item, dict) and "span_id" in item]
            weight, high = _of_trace(spans)
            for item in value:
                step = partial(_span, rows, weight, high) if isinstance(item, dict) and "span_id" in item else take
                guarded(sink, step, item)
                rows.flush_if_full()
        else:
            weight, high = _of_trace([value])
            _span(rows, weight, high, value)

    each_record(source, sink, rows, take)


def _of_trace(spans: list[dict[str, Any]]) -> tuple[float, str]:
    """Return what only the root of a trace says: its weight, and the upper half of its id."""
    weight, high = 0.0, ""
    for span in spans:
        meta, metrics = texts(span.get("meta")), texts(span.get("metrics"))
        high = high or meta.get("_dd.p.tid", "")
        weight = weight or weight_from({key: value for key, value in (meta | metrics).items() if key in SAMPLING_KEYS})
    return weight, high


def _span(rows: SpanRows, weight: float, high: str, span: dict[str, Any]) -> None:
    if not isinstance(span, dict) or not span.get("span_id"):
        raise BadRecord("no span of Datadog: it has no span_id")
    meta = texts(span.get("meta")) | texts(span.get("metrics"))
    resource = {"service.name": str(span["service"])} if span.get("service") else {}
    resource |= {name: meta[key] for key, name in _RESOURCE.items() if meta.get(key)}
    kind, words = str(span.get("type") or ""), str(span.get("resource") or "")
    if words:
        meta.setdefault("resource.name", words)
    if kind:
        meta.setdefault("span.type", kind)
    if kind == "sql" and words:
        meta.setdefault("db.query.text", words)  # Datadog keeps the statement in the resource
    rows.add(
        rows.resource(resource), trace_id=_identifier(span.get("trace_id"), high).rjust(32, "0"),
        span_id=_identifier(span["span_id"]), parent_span_id=_identifier(span.get("parent_id")),
        name=str(span.get("name") or ""), kind=kind_of(meta.get("span.kind") or _KIND_OF_TYPE.get(kind)),
        start_ns=micro(span.get("start"), scale=1) or None, duration_ns=micro(span.get("duration"), scale=1),
        status=2 if count_of(span.get("error")) else 0, message=meta.get("error.message", meta.get("error.msg", "")),
        attributes=meta, weight=weight,
    )  # fmt: skip


def _identifier(value: Any, high: str = "") -> str:
    """Return a decimal identifier of 64 bits as hex, after the upper half where there is one."""
    number = count_of(value) if not str(value or "").isdigit() else int(str(value))
    if not number:
        return ""
    if not 0 < number < 1 << 64:
        raise BadRecord(f"the identifier {str(value)[:60]} does not fit 64 bits")
    return high.lower() + f"{number:016x}"


DATADOG = Format("datadog-traces", "Datadog traces as JSON", ("spans",), sniff, read)
