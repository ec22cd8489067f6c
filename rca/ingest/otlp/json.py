"""OTLP as JSON: the collector's file exporter, bodies of OTLP/HTTP, answers of Tempo and Jaeger, old and new names."""

from __future__ import annotations

import json
from typing import Any

import orjson

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.otlp.documents import read_documents
from rca.ingest.otlp.quick import QuickSpans
from rca.ingest.otlp.walk import Walker
from rca.ingest.source import Source

__all__ = ["OTLP_JSON"]

_NAMES = (
    "resourceSpans", "resourceLogs", "resourceMetrics", "resource_spans", "resource_logs", "resource_metrics",
    "scopeSpans", "scopeLogs", "scopeMetrics", "scope_spans", "instrumentationLibrarySpans",
)  # fmt: skip


def sniff(sample: Sample) -> Guess:
    """Say whether the names of OTLP's envelopes occur."""
    if not sample.looks_json:
        return NO
    for name in _NAMES:
        if f'"{name}"' in sample.text[:65_536]:
            return Guess(0.99, f"has {name}")
    if sample.has("batches") and (sample.has("spanId") or sample.has("spans")):
        return Guess(0.9, "has batches of spans")
    return NO


def parse(data: bytes) -> Any:
    """Return a JSON document, or None where it is none.

    Half of a surrogate pair and bad UTF-8 are taken with a replacement, as they come from the program that was traced.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def read(source: Source, sink: Sink) -> None:
    """Read every document: quickly where the collector wrote it, patiently else."""
    walker = Walker(sink)

    def patiently(data: bytes, offset: int) -> bool:
        document = parse(data)
        if not isinstance(document, dict | list):
            return False
        if not walker.document(document, offset) and document:
            sink.quarantine(
                "a JSON document without resourceSpans, resourceLogs or resourceMetrics", data[:400], offset
            )
        return True

    quick = QuickSpans(walker.spans, patiently)
    read_documents(source, sink, quick.take)
    quick.settle()
    walker.flush()


OTLP_JSON = Format("otlp-json", "OpenTelemetry (OTLP) as JSON", ("spans", "span_events", "span_links", "logs", "metrics"), sniff, read)  # fmt: skip
