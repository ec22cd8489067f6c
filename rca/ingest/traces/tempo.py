"""Blocks of Grafana Tempo (vParquet 2 to 5): one row a trace, spans nested below resources and scopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import text_of
from rca.ingest.otlp.anyvalue import first
from rca.ingest.source import Source
from rca.ingest.spans import Resource, Scope, SpanRows
from rca.ingest.traces.columnar import names_of, rows_of
from rca.ingest.traces.shapes import guarded
from rca.ingest.values import hex_id, kind_of, nanoseconds, number_text, status_of

__all__ = ["TEMPO"]

_ROWS = 256
_RESOURCE = {
    "ServiceName": "service.name", "Cluster": "cluster", "Namespace": "namespace", "Pod": "pod", "Container": "container",
    "K8sClusterName": "k8s.cluster.name", "K8sNamespaceName": "k8s.namespace.name", "K8sPodName": "k8s.pod.name",
    "K8sContainerName": "k8s.container.name",
}  # fmt: skip
_SPAN = {"HttpMethod": "http.method", "HttpUrl": "http.url", "HttpStatusCode": "http.status_code"}


def sniff(sample: Sample) -> Guess:
    """Say whether the columns are those of a block."""
    names = set(names_of(sample))
    if {"TraceID", "rs"} <= names:
        return Guess(0.98, "has TraceID and rs, the columns of a block of Tempo")
    return NO


def read(source: Source, sink: Sink) -> None:
    """Read trace after trace."""
    rows = SpanRows(sink)
    for trace in rows_of(source, size=_ROWS):
        guarded(sink, partial(_trace, sink, rows), trace)
        rows.flush_if_full()
    rows.flush()


def _trace(sink: Sink, rows: SpanRows, trace: dict[str, Any]) -> None:
    trace_id = hex_id(trace["TraceID"], 32)
    for entry in trace.get("rs") or []:
        resource = rows.resource(_attributes(entry.get("Resource") or {}, _RESOURCE, "resource"))
        for scoped in first(entry, "ss", "ils") or []:
            given = first(scoped, "Scope", "is") or {}
            named = {"otel.scope.name": given.get("Name"), "otel.scope.version": given.get("Version")}
            scope = rows.scope(
                {key: str(value) for key, value in named.items() if value} | _attributes(given, {}, "scope")
            )
            for span in scoped.get("Spans") or []:
                guarded(sink, partial(_span, rows, resource, scope, trace_id), span)


def _span(rows: SpanRows, resource: Resource, scope: Scope, trace_id: str, span: dict[str, Any]) -> None:
    span_id = hex_id(first(span, "SpanID", "ID"), 16)
    start = nanoseconds(first(span, "StartTimeUnixNano", "StartUnixNanos"))
    length = span.get("DurationNano")
    if length is None:
        end = nanoseconds(span.get("EndUnixNanos"))
        length = None if start is None or end is None else end - start
    events = [_event(start, event) for event in span.get("Events") or []]
    rows.add(
        resource, trace_id=trace_id, span_id=span_id, parent_span_id=hex_id(span.get("ParentSpanID"), 16),
        name=str(span.get("Name") or ""), kind=kind_of(span.get("Kind")), start_ns=start, duration_ns=length,
        status=status_of(span.get("StatusCode")), message=str(span.get("StatusMessage") or ""),
        tracestate=str(span.get("TraceState") or ""), attributes=_attributes(span, _SPAN, "span"), scope=scope,
    )  # fmt: skip
    for event in events:
        rows.event(trace_id, span_id, *event)
    for link in span.get("Links") or []:
        rows.link(trace_id, span_id, (hex_id(link.get("TraceID"), 32), hex_id(link.get("SpanID"), 16)), _attributes(link, {}, "link"))  # fmt: skip


def _event(start: int | None, event: dict[str, Any]) -> tuple[int | None, str, dict[str, str]]:
    since = event.get("TimeSinceStartNano")
    at = nanoseconds(event.get("TimeUnixNano")) if since is None else (start or 0) + since
    return at, str(event.get("Name") or ""), _attributes(event, {}, "event")


def _attributes(holder: Mapping[str, Any], named: Mapping[str, str], level: str) -> dict[str, str]:
    """Return the attributes of a thing: those in the list, those with a column, those in columns given by the operator."""
    found = {
        name: text_of(str(holder[column])) for column, name in named.items() if holder.get(column) not in (None, "")
    }
    dedicated = holder.get("DedicatedAttributes") or {}
    for column, value in dedicated.items():
        for item in value if isinstance(value, list) else [value]:
            if item not in (None, ""):  # which attribute the column is for stands in meta.json beside the block
                found[f"tempo.dedicated.{level}.{column}"] = str(item)
    return found | dict(_listed(holder.get("Attrs")))


def _listed(attributes: Any) -> Iterator[tuple[str, str]]:
    for item in attributes or []:
        for column in ("Value", "ValueInt", "ValueDouble", "ValueBool"):
            value = item.get(column)
            if value is None or value == []:
                continue
            is_array = item.get("IsArray") or (isinstance(value, list) and len(value) > 1)
            if isinstance(value, list) and not is_array:
                value = value[0]
            yield str(item["Key"]), _text(value)
            break
        else:
            dropped = first(item, "ValueDropped", "ValueKVList", "ValueArray")
            yield str(item["Key"]), str(dropped or "")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return text_of(value) if isinstance(value, list) else number_text(value)


TEMPO = Format("tempo-block", "Grafana Tempo block (vParquet)", ("spans", "span_events", "span_links"), sniff, read)
