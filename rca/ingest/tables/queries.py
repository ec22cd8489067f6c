"""Slow statements in tables: one a row, with its time, length and text."""

from __future__ import annotations

from typing import Any

from rca.digests import digest_many
from rca.ingest.clock import Clock
from rca.ingest.contract import Sink
from rca.ingest.exact import flatten, text_of
from rca.ingest.semconv import db_system
from rca.ingest.tables.batch import Batch
from rca.ingest.tables.layout import Layout
from rca.ingest.tables.names import normal, split_unit
from rca.ingest.tables.units import length_ns

__all__ = ["QueryTable"]

_TEXTS = {"namespace": "db_namespace", "user": "db_user", "client": "client_address"}
_COUNTS = {"examined": "rows_examined", "returned": "rows_returned", "affected": "rows_affected"}


class QueryTable:
    """One statement a row."""

    def __init__(self, layout: Layout, sink: Sink) -> None:
        self._fields, self._sink = dict(layout.fields), sink
        units = {
            name: split_unit(normal(self._fields[name]))[1]
            for name in ("time", "duration", "lock")
            if name in self._fields
        }
        self._clock = Clock(sink.context, unit=units.get("time", ""))
        self._units = {name: units.get(name) or "ms" for name in ("duration", "lock")}
        if not units.get("duration"):
            # The databases' own logs count seconds under this name, everybody else milliseconds.
            self._units["duration"] = "s" if normal(self._fields["duration"]) == "query_time" else "ms"
            sink.context.note(f"column {self._fields['duration']} names no unit: read as {self._units['duration']}")

    def add(self, batch: Batch) -> None:
        """Take a batch of rows."""
        rows: list[dict[str, Any]] = []
        for at, record in enumerate(batch.records):
            row = self._row(flatten(record))
            if isinstance(row, str):
                self._write(rows)
                rows = []
                self._sink.quarantine(row, batch.excerpt(at), batch.offset(at))
            else:
                rows.append(row)
        self._write(rows)

    def _row(self, record: dict[str, Any]) -> dict[str, Any] | str:
        left = {key: value for key, value in record.items() if value is not None and value != ""}
        found = {name: left.pop(column) for name, column in self._fields.items() if column in left}
        time = self._clock.read(found.get("time"))
        if "time" in found and time is None:
            return "not a time"
        lengths = {
            name: length_ns(text_of(found[name]), self._units[name]) for name in ("duration", "lock") if name in found
        }
        if None in lengths.values():
            return "a length that is no number"
        row: dict[str, Any] = {
            "time_ns": time,
            "duration_ns": lengths.get("duration"),
            "lock_ns": lengths.get("lock"),
            "db_query_text": text_of(found.get("text")),
        }
        row["db_system_name"] = db_system(text_of(found.get("system")).lower())
        row |= {column: text_of(found.get(name)) for name, column in _TEXTS.items()}
        for name, column in _COUNTS.items():
            text = text_of(found.get(name))
            row[column] = int(text) if text.isdigit() and len(text) < 19 else None
            if text and row[column] is None:
                left[self._fields[name]] = text
        return row | {"attributes": {key: text_of(value) for key, value in left.items()}}

    def _write(self, rows: list[dict[str, Any]]) -> None:
        digests = digest_many([row["db_query_text"] for row in rows])
        self._sink.records(
            "queries", [{**row, "db_query_digest": digest} for row, digest in zip(rows, digests, strict=True)]
        )

    def finish(self) -> None:
        """Nothing is held back."""
