"""Rows of log records on their way to columns: fields found, texts not yet turned into times, numbers and ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
import pyarrow as pa

from rca.ingest.logs.ids import TRACE_IN_TEXT, span_id, trace_and_span
from rca.ingest.logs.severity import severity_number
from rca.ingest.logs.times import BAD, GOOD, OVERFLOW, Clock

__all__ = ["REQUEST_IN_TEXT", "Columns", "Row", "brackets", "canonical", "find_ids", "without_ansi"]

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9])")
REQUEST_IN_TEXT = (
    r"(?i)\b(?:x-)?(?:request|req|correlation)[_.-]?id[\"']?\s?[=:]\s?[\"']?([0-9A-Za-z][0-9A-Za-z_.:-]{3,63})"
)
"""Finds a request id named in the text of a message."""
_REQUEST = re.compile(REQUEST_IN_TEXT)
_TRACE = re.compile(TRACE_IN_TEXT)
_SPAN = re.compile(r"(?i)\b(?:otel|dd\.)?span[_.\- ]?id[\"']?\s?[=:]\s?[\"']?([0-9a-f]{16})\b")
_SLEUTH = re.compile(r"\[(?:[^\[\],\s]*,)?([0-9a-f]{32}|[0-9a-f]{16})[,-]([0-9a-f]{16})(?:,(?:true|false)?)?\]")


@dataclass(slots=True)
class Row:
    """One record: what was found of it, as text."""

    line: int
    """Which line of the block it begins on; the order of the records."""
    time: str | None = None
    observed: str | None = None
    level: str = ""
    scale: str = ""
    body: str = ""
    template: str = ""
    trace: str = ""
    span: str = ""
    decimal: bool = False
    """Whether ids of digits alone are decimal numbers."""
    request: str = ""
    service: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Under which key a time or id was found, so that one that cannot be read stays as an attribute."""

    def keep(self, key: str, value: str) -> None:
        """Add an attribute; a second value under one key gets a number."""
        name, number = key, 2
        while name in self.attributes and self.attributes[name] != value:
            name, number = f"{key}#{number}", number + 1
        self.attributes[name] = value


def without_ansi(text: str) -> str:
    """Return a text without the escape sequences that colour a terminal.

    Examples
    --------
    >>> without_ansi(chr(27) + "[32mok" + chr(27) + "[0m")
    'ok'
    """
    return _ANSI.sub("", text) if "\x1b" in text else text


@dataclass(slots=True)
class Columns:
    """Canonical columns of a batch and the rows whose time does not fit."""

    table: pa.Table
    lines: np.ndarray
    overflow: list[Row]


def canonical(rows: Sequence[Row], clock: Clock, service_name: str = "") -> Columns:
    """Return canonical columns of rows: times in nanoseconds, severities as numbers, ids as hex.

    A time or id that cannot be read stays among the attributes; a row whose time 64 bits cannot hold is set apart.
    """
    times, fate = clock.read([row.time.strip() if row.time else None for row in rows])
    observed, observed_fate = clock.read([row.observed.strip() if row.observed else None for row in rows])
    if np.any(fate == OVERFLOW):
        far = [row for row, what in zip(rows, fate, strict=True) if what == OVERFLOW]
        kept = [row for row, what in zip(rows, fate, strict=True) if what != OVERFLOW]
        rest = canonical(kept, clock, service_name)
        return Columns(rest.table, rest.lines, far)
    for row, what in zip(rows, fate, strict=True):
        if what == BAD and row.time:
            row.keep(row.keys.get("time", "time"), row.time)
        _ids(row)
    table = pa.table(
        {
            "time_ns": pa.array(times, mask=fate != GOOD),
            "observed_time_ns": pa.array(observed, mask=observed_fate != GOOD),
            "service_name": pa.array([row.service or service_name for row in rows], pa.string()),
            "severity_number": pa.array([severity_number(row.level, row.scale) for row in rows], pa.int32()),
            "severity_text": pa.array([row.level for row in rows], pa.string()),
            "body": pa.array([without_ansi(row.body) for row in rows], pa.string()),
            "template": pa.array([row.template for row in rows], pa.string()),
            "trace_id": pa.array([row.trace for row in rows], pa.string()),
            "span_id": pa.array([row.span for row in rows], pa.string()),
            "request_id": pa.array([row.request for row in rows], pa.string()),
            "attributes": pa.array([orjson.dumps(row.attributes).decode() for row in rows], pa.string()),
        }
    )
    return Columns(table, np.array([row.line for row in rows], np.int64), [])


def _ids(row: Row) -> None:
    """Bring the ids to their form; what is none of it goes back to the attributes."""
    written_trace, written_span = row.trace, row.span
    row.trace = row.span = ""
    if written_trace:
        row.trace, row.span = trace_and_span(written_trace, decimal=row.decimal)
        if not row.trace:
            row.keep(row.keys.get("trace", "trace_id"), written_trace)
    if written_span:
        found = span_id(written_span, decimal=row.decimal)
        row.span = found or row.span
        if not found:
            row.keep(row.keys.get("span", "span_id"), written_span)
    if not row.trace or not row.request:
        find_ids(row)


def find_ids(row: Row) -> None:
    """Find ids that a message names in its text."""
    head = row.body[:4096]
    if not row.trace:
        found = _TRACE.search(head) if "trace" in head.lower() else None
        if found:
            row.trace = trace_and_span(found[1])[0]
            beside = _SPAN.search(head)
            row.span = row.span or (beside[1].lower() if beside else "")
    if not row.request and "id" in head.lower():
        found = _REQUEST.search(head)
        row.request = found[1] if found else ""


def brackets(text: str) -> tuple[str, str]:
    """Return trace and span id of Spring's bracket ``[application,trace,span]``, empty where there is none."""
    found = _SLEUTH.search(text)
    return (found[1], found[2]) if found else ("", "")
