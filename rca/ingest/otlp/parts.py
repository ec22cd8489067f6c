"""The parts of a span that are rows of their own: events and links."""

from __future__ import annotations

from typing import Any

from rca.ingest.otlp.anyvalue import attributes_of, first
from rca.ingest.values import hex_id, nanoseconds

__all__ = ["event_of", "link_of"]


def event_of(event: dict[str, Any]) -> tuple[int | None, str, dict[str, str]]:
    """Return an event's time, name and attributes.

    Raises
    ------
    BadRecord
        When a part of it cannot be understood.
    """
    at = nanoseconds(first(event, "timeUnixNano", "time_unix_nano"))
    return at, str(event.get("name") or ""), attributes_of(event.get("attributes"))


def link_of(link: dict[str, Any]) -> tuple[tuple[str, str], dict[str, str]]:
    """Return the trace and span that a link leads to, and its attributes.

    Raises
    ------
    BadRecord
        When a part of it cannot be understood.
    """
    linked = hex_id(first(link, "traceId", "trace_id"), 32), hex_id(first(link, "spanId", "span_id"), 16)
    attributes = attributes_of(link.get("attributes"))
    state = first(link, "traceState", "trace_state")
    return linked, attributes | ({"w3c.tracestate": str(state)} if state else {})
