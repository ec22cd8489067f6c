"""Chrome's trace events: a profile of one process, which looks like spans and is none; refused with what to do."""

from __future__ import annotations

from typing import Any

from rca.errors import FormatError
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import peek
from rca.ingest.source import Source

__all__ = ["CHROME_TRACE"]


def _sniff(sample: Sample) -> Guess:
    if not sample.looks_json or not sample.has("ph", "ts", "pid"):
        return NO
    for value in peek(sample)[:1]:
        inner = value.get("traceEvents") if isinstance(value, dict) else value
        events: list[Any] = inner[:20] if isinstance(inner, list) else [value]
        if events and all(isinstance(event, dict) and event.keys() >= {"ph", "pid"} for event in events):
            return Guess(0.96, "events of Chrome's tracing: a profile, no spans")
    return NO


def _read(source: Source, sink: Sink) -> None:
    del sink
    raise FormatError(
        f"{source.path} is a profile in Chrome's trace event format: its events have no trace or span ids and no wall-clock time, so they "
        "belong to no request. Export the spans of the requests from the tracing back end instead (OTLP, Jaeger, Zipkin; see: rca formats)."
    )


CHROME_TRACE = Format("chrome-trace", "Chrome's trace events (refused: a profile of one process)", (), _sniff, _read)
