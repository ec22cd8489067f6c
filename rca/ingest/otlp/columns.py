"""The spans of one line or message as columns, for the quick readers: checked first, taken as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rca.ingest.members import as_members
from rca.ingest.semconv import threshold_weight
from rca.ingest.spans import Resource, Scope, SpanRows
from rca.ingest.values import BadRecord, hex_id, kind_of, nanoseconds, status_of

__all__ = ["SpanColumns", "Unusual", "each", "ids", "kinds", "statuses", "times"]

_MOST = (1 << 63) - 1
_KINDS, _STATUSES = {0, 1, 2, 3, 4, 5}, {0, 1, 2}


class Unusual(Exception):  # noqa: N818  (a signal between two readers; never reaches a user)
    """The input needs the patient reader."""


@dataclass(slots=True)
class SpanColumns:
    """One list a column; sparse things by their place."""

    trace_id: list[str]
    span_id: list[str]
    parent_span_id: list[str]
    name: list[str]
    kind: list[int]
    start_ns: list[int | None]
    duration_ns: list[int | None]
    status: list[int]
    lines: bytes = b""
    """Attributes, a line a span."""
    messages: list[tuple[int, str]] = field(default_factory=list)
    states: list[tuple[int, str]] = field(default_factory=list)
    parts: list[tuple[int, list[Any], list[Any]]] = field(default_factory=list)
    """Events and links by the place of their span."""

    def pour(self, rows: SpanRows, groups: Sequence[tuple[Resource, Scope, int]], weights: dict[str, float]) -> None:
        """Append everything to the rows; `groups` says how many of the spans are of which resource and scope."""
        first = rows.groups(groups)
        rows.trace_id += self.trace_id
        rows.span_id += self.span_id
        rows.parent_span_id += self.parent_span_id
        rows.span_name += self.name
        rows.kind += self.kind
        rows.start_ns += self.start_ns
        rows.duration_ns += self.duration_ns
        rows.status += self.status
        rows.take_lines(self._stated() if self.states else self.lines)
        for at, message in self.messages:
            rows.messages[first + at] = message
        for at, state in self.states:
            weight = weights.get(state)
            if weight is None:
                if len(weights) > 10_000:
                    weights.clear()
                weight = weights[state] = threshold_weight(state)
            if weight:
                rows.weights[first + at] = weight
        for at, events, links in self.parts:
            for event in events:
                rows.event(self.trace_id[at], self.span_id[at], *event)
            for linked, more in links:
                rows.link(self.trace_id[at], self.span_id[at], linked, more)

    def _stated(self) -> bytes:
        """Return the attributes with the tracestate as the last of a span."""
        lines = self.lines.split(b"\n")
        for at, state in self.states:
            lines[at] = b",".join(filter(None, (lines[at], as_members({"w3c.tracestate": state}))))
        return b"\n".join(lines)


def ids(texts: list[str], width: int) -> list[str]:
    """Return ids as lower-case hex of the right width; quickly where they are that already.

    Raises
    ------
    Unusual
        When one of them is no id.
    """
    joined = "".join(texts)
    try:
        if set(map(len, texts)) <= {width, 0} and "0" * width not in joined and bytes.fromhex(joined).hex() == joined:
            return texts
    except ValueError:
        pass
    return each(lambda text: hex_id(text, width), texts)


def each(read: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """Return what `read` makes of each value.

    Raises
    ------
    Unusual
        When one of them cannot be understood.
    """
    try:
        return [read(value) for value in values]
    except (BadRecord, AttributeError, TypeError):
        raise Unusual from None


def kinds(values: list[Any]) -> list[int]:
    """Return span kinds as numbers."""
    return values if set(values) <= _KINDS else each(kind_of, values)


def statuses(values: list[Any]) -> list[int]:
    """Return status codes as numbers."""
    return values if set(values) <= _STATUSES else each(status_of, values)


def times(starts: list[int], ends: list[int]) -> tuple[list[int | None], list[int | None]]:
    """Return starts and lengths; None where a time is absent.

    Raises
    ------
    Unusual
        When a time does not fit 64 bits.
    """
    if min(starts) > 0 and max(starts) <= _MOST and min(ends) > 0 and max(ends) <= _MOST:
        return list(starts), [end - start for start, end in zip(starts, ends, strict=True)]
    begun, ended = each(nanoseconds, starts), each(nanoseconds, ends)
    return begun, [
        None if start is None or end is None else end - start for start, end in zip(begun, ended, strict=True)
    ]
