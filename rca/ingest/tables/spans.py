"""Spans of tables: a row each, with whatever ids, times and lengths people exported.

Ids that are hex are padded; ids that are none (``base1``, ``p0``) become hex by a hash of their text and keep it as an
attribute. A trace id that stands for "as above" (``same``, ``-``), or whose trace does not hold the span's parent, is
that of the parent nearest by; a root of that kind gets an id of its own. Everything follows from the records' content, so
that the same spans have the same ids wherever they are read.
"""

from __future__ import annotations

from typing import Any

from rca.ingest.clock import MAX_NS, Clock
from rca.ingest.contract import Sink
from rca.ingest.exact import flatten, text_of
from rca.ingest.tables.batch import Batch, Builder
from rca.ingest.tables.insights import complete
from rca.ingest.tables.layout import Layout
from rca.ingest.tables.names import SPAN, find, normal, split_unit
from rca.ingest.tables.span_ids import Span
from rca.ingest.tables.spanwindow import SpanWindow
from rca.ingest.tables.units import length_ns

__all__ = ["SpanTable"]

_KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5, "LOCAL": 1, "ENTRY": 2, "EXIT": 3,
          "REQUEST": 2, "APPREQUESTS": 2, "DEPENDENCY": 3, "APPDEPENDENCIES": 3}  # fmt: skip
_GOOD = frozenset(("ok", "success", "succeeded", "true", "200", "completed", "passed", "0"))
_BAD = frozenset(("error", "err", "failed", "failure", "fail", "false", "exception", "timeout", "2", "status_code_error", "deadline_exceeded",
                  "unavailable", "cancelled", "canceled", "internal", "aborted", "unknown_error", "fault"))  # fmt: skip
_RESOURCE = {
    "version": "service.version", "service_version": "service.version", "environment": "deployment.environment.name",
    "env": "deployment.environment.name", "instance": "service.instance.id", "service_instance_id": "service.instance.id",
}  # fmt: skip
_NULLS = frozenset(("", "null", "none", "nan", "nil", "-", "0", "0000000000000000", "root"))


class SpanTable:
    """One span a row."""

    def __init__(self, layout: Layout, sink: Sink, logs: Builder | None = None) -> None:
        self._fields, self._sink, self._window, self._logs = dict(layout.fields), sink, SpanWindow(sink), logs
        self._units = {
            name: split_unit(normal(self._fields[name]))[1]
            for name in ("start", "end", "duration")
            if name in self._fields
        }
        self._clocks = {name: Clock(sink.context, unit=self._units.get(name, "")) for name in ("start", "end")}
        self._length_unit = self._units.get("duration", "")
        self._insights = normal(self._fields.get("trace_id", "")) == "operation_id"

    def add(self, batch: Batch) -> None:
        """Take a batch of rows."""
        records = [flatten(record) for record in batch.records]
        if not self._length_unit and "duration" in self._fields:
            self._length_unit = self._decide(records)
        logged = []
        for at, record in enumerate(records):
            if self._logs is not None and self._is_event(record):
                logged.append(record)
                continue
            span = self._span(record)
            if isinstance(span, str):
                self._window.quarantine(span, batch.excerpt(at), batch.offset(at))
            else:
                self._window.add(span)
        if logged and self._logs is not None:
            self._logs.add(Batch(None, rows=logged))
        self._window.write_if_full()

    def finish(self) -> None:
        """Write what is held."""
        self._window.write()
        if self._logs is not None:
            self._logs.finish()

    def _is_event(self, record: dict[str, Any]) -> bool:
        """Say whether a row among spans is a moment: an event on a span, a log line, an exception."""
        return not any(self._text(record, name) for name in ("span_id", "duration", "end"))

    def _decide(self, records: list[dict[str, Any]]) -> str:
        """Return the unit of a length that says none: by the times beside it, else the commonest, milliseconds."""
        start, end, name = self._fields["start"], self._fields.get("end"), self._fields["duration"]
        for record in records[:200]:
            if end and record.get(end) and record.get(start) and record.get(name):
                first, last = self._clocks["start"].read(record[start]), self._clocks["end"].read(record[end])
                try:
                    amount = float(str(record[name]))
                except ValueError:
                    break
                if first is not None and last is not None and last > first and amount > 0:
                    return min(
                        ("s", "ms", "us", "ns"),
                        key=lambda unit: abs((length_ns(str(amount), unit) or 0) - (last - first)),
                    )
        self._clocks["start"].decide([record.get(start) for record in records[:200]])
        unit = {"us": "us", "ns": "ns"}.get(self._clocks["start"].unit, "ms")
        self._sink.context.note(f"column {name} names no unit: read as {unit}")
        return unit

    def _text(self, record: dict[str, Any], name: str) -> str:
        column = self._fields.get(name)
        value = record.get(column) if column else None
        return "" if value is None else text_of(value).strip()

    def _span(self, record: dict[str, Any]) -> Span | str:
        """Return the span of a record, or why it is none."""
        start, length = self._times(record)
        if isinstance(length, str):
            return length
        name, service = self._text(record, "name"), self._text(record, "service")
        span = Span(
            self._text(record, "trace_id"),
            self._text(record, "span_id"),
            self._text(record, "parent_span_id"),
            service,
            name,
            start,
            length,
        )
        if not name and not service and not span.span:
            return "a row that names neither span nor service"
        if span.parent.lower() in _NULLS:
            span.parent = ""
        kind = self._text(record, "kind")
        span.kind = (
            int(kind) if kind in {"1", "2", "3", "4", "5"} else _KINDS.get(kind.upper().removeprefix("SPAN_KIND_"), 0)
        )
        self._judge(record, span)
        used = set(self._fields.values())
        for key, value in record.items():
            if value is None or value == "":
                continue
            if key not in used:
                resource = _RESOURCE.get(normal(key))
                (span.resource if resource else span.attributes)[resource or key] = text_of(value)
        if not service:
            other = find(record, SPAN["service"][:3])
            span.service = text_of(record[other]) if other else ""
        if kind and not span.kind:
            span.attributes[self._fields["kind"]] = kind
        if self._insights:
            complete(span, record)
        return span

    def _judge(self, record: dict[str, Any], span: Span) -> None:
        """Settle status and message; what the words of a status say beyond OK and ERROR stays an attribute."""
        column = self._fields.get("status", "")
        text = self._text(record, "status")
        word = text.lower().removeprefix("status_code_")
        inverse = normal(column) in {"is_error", "request_is_failed", "erroneous"}
        if word in _BAD | _GOOD and word not in {"0", "2", "200"}:
            span.status = 2 if (word in _BAD) != inverse else 1
            if inverse or normal(column) in {"success", "ok"}:
                span.status = 2 if (word == "true") == inverse else 1
        elif word.isdigit():
            span.status = int(word) if len(word) == 1 and int(word) < 3 else 2 if int(word) >= 500 else 0
            if int(word) >= 100:
                span.attributes["http.response.status_code"] = word
        if text and word not in {"ok", "error", "unset", "0", "1", "2"}:
            span.attributes.setdefault(column, text)
        message = self._text(record, "status_message")
        if message.lower() in {"true", "false", "0", "1"}:
            span.status = 2 if message.lower() in {"true", "1"} else span.status
            span.attributes[self._fields["status_message"]] = message
        elif message:
            span.message = message
            if "error" in normal(self._fields["status_message"]) and not span.status:
                span.status = 2
        error = record.get("error")
        if (
            error is not None
            and self._fields.get("status_message") != "error"
            and text_of(error).lower() in {"true", "1"}
        ):
            span.status = 2

    def _times(self, record: dict[str, Any]) -> tuple[int | None, int | str | None]:
        start_text = self._text(record, "start")
        start = self._clocks["start"].read(record.get(self._fields["start"])) if start_text else None
        if start_text and start is None:
            return None, "a start that is no time of 64 bits"
        length_text = self._text(record, "duration")
        if length_text:
            length = length_ns(length_text, self._length_unit)
            return start, "a length that is no number" if length is None or abs(length) > MAX_NS else length
        end_text = self._text(record, "end")
        end = self._clocks["end"].read(record.get(self._fields["end"])) if end_text else None
        if end_text and end is None:
            return start, "an end that is no time of 64 bits"
        return start, end - start if end is not None and start is not None else None
