"""Spans of Datadog: as its agent takes them (v0.4 JSON), as its API lists them, as its page saves a trace."""

from __future__ import annotations

from functools import partial
from typing import Any

from rca.digests import family
from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.semconv import SAMPLING_KEYS, db_system, weight_from
from rca.ingest.source import Source
from rca.ingest.spans import SpanRows
from rca.ingest.traces.datadog_shapes import agents, identifiers, inside
from rca.ingest.traces.shapes import each_record, guarded, micro, texts
from rca.ingest.traces.spanparts import kind_named
from rca.ingest.values import BadRecord, count_of

__all__ = ["DATADOG"]

_KIND_OF_TYPE = {"web": "SERVER", "sql": "CLIENT", "db": "CLIENT", "cache": "CLIENT", "http": "CLIENT", "redis": "CLIENT", "mongodb": "CLIENT", "elasticsearch": "CLIENT"}  # fmt: skip
_STORES = {"sql": "", "db": "", "redis": "redis", "valkey": "valkey", "cassandra": "cassandra", "mongodb": "mongodb", "memcached": "memcached"}  # fmt: skip
"""Types of spans whose resource is a statement, and the database that the type names."""
_RESOURCE = {"env": "deployment.environment.name", "version": "service.version"}


def sniff(sample: Sample) -> Guess:
    """Say whether spans with Datadog's names occur."""
    if not sample.looks_json:
        return NO
    if sample.has("traceID", "spanID", "parentID", "service", "resource"):
        return Guess(0.98, "has traceID, spanID, parentID, service and resource, as the agent sends them on")
    if not sample.has("trace_id", "span_id", "parent_id"):
        return NO
    if sample.has("resource", "service") and sample.has("start", "duration"):
        return Guess(0.96, "has trace_id, span_id, parent_id, resource, service, start and duration")
    if sample.has("resource_name", "operation_name", "start_timestamp"):
        return Guess(0.96, "has trace_id, span_id, parent_id, resource_name, operation_name and start_timestamp")
    return NO


def read(source: Source, sink: Sink) -> None:
    """Read traces one after the other."""
    rows, clock = SpanRows(sink), Clock(sink.context)

    def take(value: Any) -> None:
        value = agents(clock, value)
        if isinstance(value, dict) and "span_id" not in value:
            take(inside(value))
        elif isinstance(value, list):
            value = [agents(clock, item) for item in value]
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
    if kind in _STORES and words:
        meta.setdefault("db.query.text", meta.get("redis.raw_command") or words)  # Datadog keeps the statement there
        if not (meta.get("db.system") or meta.get("db.type")):
            meta["db.system"] = _STORES[kind] or _named(str(span.get("name")))
    trace_id, span_id, parent_span_id = identifiers(span, high)
    rows.add(
        rows.resource(resource), trace_id=trace_id, span_id=span_id, parent_span_id=parent_span_id,
        name=str(span.get("name") or ""), kind=kind_named(meta.get("span.kind") or _KIND_OF_TYPE.get(kind)),
        start_ns=micro(span.get("start"), scale=1) or None, duration_ns=micro(span.get("duration"), scale=1),
        status=2 if count_of(span.get("error")) else 0, message=meta.get("error.message", meta.get("error.msg", "")),
        attributes=meta, weight=weight,
    )  # fmt: skip


def _named(operation: str) -> str:
    """Return the database that an operation such as ``postgres.query`` names."""
    first = db_system(operation.partition(".")[0])
    return first if family(first, "") != "ansi" else "other_sql"


DATADOG = Format("datadog-traces", "Datadog traces as JSON", ("spans",), sniff, read)
