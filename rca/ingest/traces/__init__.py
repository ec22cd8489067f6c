"""Spans of every tracer: the formats, surest first."""

from __future__ import annotations

from rca.ingest.contract import Format
from rca.ingest.otlp.json import OTLP_JSON
from rca.ingest.otlp.protobuf import OTLP_PROTOBUF

__all__ = ["SPAN_FORMATS"]

SPAN_FORMATS: tuple[Format, ...] = (OTLP_JSON, OTLP_PROTOBUF)
"""The formats that bring spans."""
