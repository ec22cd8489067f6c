"""OTLP log records as rows."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from rca.ingest.contract import Sink
from rca.ingest.logs.ids import span_id, trace_and_span
from rca.ingest.logs.names import role_of
from rca.ingest.members import json_map
from rca.ingest.otlp.anyvalue import attributes_of, first, text_of
from rca.ingest.spans import Resource
from rca.ingest.templates import Miner
from rca.ingest.values import hex_id, nanoseconds, severity_of

__all__ = ["LogRows"]

ROWS = 32_768


class LogRows:
    """Gathers log records and hands them to the sink in batches."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._miner = Miner()
        self._rows: list[dict[str, Any]] = []

    def add(self, resource: Resource, scope: dict[str, str], record: dict[str, Any]) -> None:
        """Take one log record.

        Raises
        ------
        BadRecord
            When a part of it cannot be understood.
        """
        attributes = scope | attributes_of(record.get("attributes"))
        name = first(record, "eventName", "event_name")
        if name:
            attributes.setdefault("event.name", str(name))
        known = _correlation(attributes)
        row = {
            "time_ns": nanoseconds(first(record, "timeUnixNano", "time_unix_nano")),
            "observed_time_ns": nanoseconds(first(record, "observedTimeUnixNano", "observed_time_unix_nano")),
            "service_name": resource.columns["service_name"],
            "severity_number": severity_of(first(record, "severityNumber", "severity_number")),
            "severity_text": str(first(record, "severityText", "severity_text") or ""),
            "body": text_of(record.get("body")),
            "trace_id": hex_id(first(record, "traceId", "trace_id"), 32) or trace_and_span(known.get("trace", ""))[0],
            "span_id": hex_id(first(record, "spanId", "span_id"), 16) or span_id(known.get("span", "")),
            "request_id": known.get("request", ""),
            "attributes": json_map(attributes),
            "resource_attributes": resource.json,
        }
        row["record_no"] = self._sink.reserve(1)
        self._rows.append(row)
        if len(self._rows) >= ROWS:
            self._hand_over()

    def flush(self) -> None:
        """Hand over everything that was gathered, and settle the templates."""
        self._hand_over()
        self._miner.finish(self._sink)

    def _hand_over(self) -> None:
        if not self._rows:
            return
        batch = pa.Table.from_pylist(self._rows)
        bodies = pl.Series(batch.column("body").to_pylist(), dtype=pl.String)
        templates = self._miner.templates(bodies, pl.Series([""] * len(bodies), dtype=pl.String))
        self._rows = []
        self._sink.rows("logs", batch.append_column("template", templates.cast(pl.String).to_arrow().cast(pa.string())))


def _correlation(attributes: dict[str, str]) -> dict[str, str]:
    """Return the ids that bridges from older loggers put into attributes: trace, span and request."""
    found: dict[str, tuple[int, str]] = {}
    for key, text in attributes.items():
        role = role_of((key,))
        if role and text and role[0] in {"trace", "span", "request"} and role[1] < found.get(role[0], (1 << 30, ""))[0]:
            found[role[0]] = role[1], text
    return {name: text for name, (_, text) in found.items()}
