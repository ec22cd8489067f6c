"""Spans as back ends keep and answer with them, one document a span or a trace; what is no span among them is a log record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rca.ingest.answers import hit, records_of
from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, peek, text_of, values
from rca.ingest.source import Source
from rca.ingest.tables.batch import Batch
from rca.ingest.tables.logs import LogTable
from rca.ingest.tables.span_ids import Span
from rca.ingest.tables.spanwindow import SpanWindow
from rca.ingest.traces.backends import cloud_trace, data_prepper, lightstep, otel_document, skywalking, tempo_search
from rca.ingest.traces.elastic import elastic_apm
from rca.ingest.traces.sentry import sentry
from rca.ingest.traces.shapes import excerpt
from rca.ingest.traces.vendors import app_insights, elastic_intake, instana, new_relic, new_relic_event, opencensus
from rca.ingest.values import BadRecord

__all__ = ["SPAN_DOCUMENTS"]

Shape = Callable[[dict[str, Any], Clock], list[Span] | None]
"""The spans of a document of one back end, or None where it is none of its."""

_SHAPES: tuple[tuple[str, Shape], ...] = (
    ("Elastic APM", elastic_apm),
    ("Sentry", sentry),
    ("Data Prepper", data_prepper),
    ("OpenTelemetry in Elasticsearch", otel_document),
    ("SkyWalking", skywalking),
    ("Google Cloud Trace", cloud_trace),
    ("Tempo's search", tempo_search),
    ("Lightstep", lightstep),
    ("New Relic", new_relic),
    ("New Relic's queries", new_relic_event),
    ("Application Insights", app_insights),
    ("Instana", instana),
    ("Elastic's intake", elastic_intake),
    ("OpenCensus", opencensus),
)
_BATCH = 5_000
_DEEP = 4
_INSIDE = ("hits", "data", "result", "trace", "traces", "queryTrace", "spans", "response", "rawResponse", "body", "items", "records", "results", "events")  # fmt: skip
"""Keys below which documents of spans lie."""


def _opened(value: Any, depth: int = _DEEP) -> Iterator[dict[str, Any]]:
    """Yield the documents that a value wraps: itself where it is one."""
    if isinstance(value, list):
        for item in value:
            yield from _opened(item, depth)
        return
    if not isinstance(value, dict):
        return
    document = hit(value)
    if document is not value or not depth or _shape_of(document) is not None:
        yield document
        return
    for key in _INSIDE:
        inner = list(_opened(value[key], depth - 1)) if isinstance(value.get(key), dict | list) else []
        if inner and (key == "hits" or any(_shape_of(item) for item in inner)):
            yield from inner
            return
    yield document


def _shape_of(document: dict[str, Any]) -> tuple[str, Shape] | None:
    for name, shape in _SHAPES:
        test: Callable[[dict[str, Any]], bool] = getattr(shape, "knows")  # noqa: B009  (set by the decorator `known_by`)
        if test(document):
            return name, shape
    return None


def _sniff(sample: Sample) -> Guess:
    if not sample.looks_json:
        return NO
    for value in peek(sample)[:20]:
        for document in list(_opened(value))[:50]:
            found = _shape_of(document)
            if found:
                return Guess(0.93, f"spans as {found[0]} keeps them")
    return NO


def _read(source: Source, sink: Sink) -> None:
    clock, window, logs = Clock(sink.context), SpanWindow(sink), LogTable(source, sink)
    others: list[dict[str, Any]] = []
    sender: dict[str, Any] = {}  # what Elastic's agents say once, in front of what they send
    for item in values(source):
        if isinstance(item, Broken):
            window.quarantine(item.reason, item.excerpt, item.offset)
            continue
        if not isinstance(item.value, dict):
            window.quarantine("no JSON object", text_of(item.value), item.offset)
            continue
        if _is_empty(item.value):
            continue
        if item.value.keys() == {"metadata"}:
            sender = item.value
            continue
        for document in _opened(item.value):
            found = _shape_of(document)
            if found is None:
                others.append(document)
                continue
            try:
                for span in found[1](document | sender if sender else document, clock) or ():
                    window.add(span)
            except (BadRecord, AttributeError, TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
                window.quarantine(
                    f"no span as {found[0]} keeps them: {error}",
                    excerpt(document).decode("utf-8", "replace"),
                    item.offset,
                )
        window.write_if_full()
        if len(others) >= _BATCH:
            logs.add(Batch(None, rows=others))
            others = []
    window.write()
    if others:
        logs.add(Batch(None, rows=others))
    logs.finish()


def _is_empty(value: dict[str, Any]) -> bool:
    """Say whether a page of hits has none."""
    hits = value.get("hits")
    return isinstance(hits, dict) and hits.get("hits") == [] and not records_of(value)


SPAN_DOCUMENTS = Format(
    "span-documents",
    "Spans of back ends and agents: Elastic APM, Sentry, Data Prepper, SkyWalking, Google Cloud Trace, Tempo's search, Lightstep, New Relic, Application Insights, Instana, OpenCensus",
    ("spans", "span_events", "logs"),
    _sniff,
    _read,
)
