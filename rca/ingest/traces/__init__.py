"""Spans of every tracer: the formats, surest first."""

from __future__ import annotations

from rca.ingest.contract import Format
from rca.ingest.otlp.json import OTLP_JSON
from rca.ingest.otlp.protobuf import OTLP_PROTOBUF
from rca.ingest.traces.chrome import CHROME_TRACE
from rca.ingest.traces.clickhouse import CLICKHOUSE
from rca.ingest.traces.datadog import DATADOG
from rca.ingest.traces.documents import SPAN_DOCUMENTS
from rca.ingest.traces.jaeger import JAEGER
from rca.ingest.traces.sdk import SDK_CONSOLE
from rca.ingest.traces.signoz import SIGNOZ
from rca.ingest.traces.tempo import TEMPO
from rca.ingest.traces.xray import XRAY
from rca.ingest.traces.zipkin import ZIPKIN

__all__ = ["SPAN_FORMATS"]

SPAN_FORMATS: tuple[Format, ...] = (
    OTLP_JSON,
    OTLP_PROTOBUF,
    JAEGER,
    ZIPKIN,
    SIGNOZ,
    DATADOG,
    XRAY,
    CLICKHOUSE,
    TEMPO,
    SDK_CONSOLE,
    SPAN_DOCUMENTS,
    CHROME_TRACE,
)
"""The formats that bring spans."""
