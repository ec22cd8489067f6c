"""The shapes in which Datadog gives spans away, brought to the one in which its agent takes them."""

from __future__ import annotations

import re
from typing import Any, TypeGuard

from rca.ingest.clock import Clock
from rca.ingest.exact import Number, flatten
from rca.ingest.traces.shapes import micro, texts, truthy
from rca.ingest.values import BadRecord, count_of

__all__ = ["agents", "identifiers", "inside"]

_HEX = re.compile(r"[0-9a-fA-F]{16}(?:[0-9a-fA-F]{16})?\Z")
_AGENT_NAMES = {"traceID": "trace_id", "spanID": "span_id", "parentID": "parent_id"}
_SECOND, _LATEST_SECOND = 1_000_000_000, 10_000_000_000


def inside(value: dict[str, Any]) -> Any:
    """Return what a document is wrapped around.

    Raises
    ------
    BadRecord
        When nothing of Datadog is inside.
    """
    for name in ("traces", "trace", "spans", "data", "tracerPayloads", "chunks"):
        inner = value.get(name)
        if isinstance(inner, list):
            return inner
        if isinstance(inner, dict):  # a saved page keeps spans by their ids
            return list(inner.values()) if name == "spans" else inner
    raise BadRecord("no span of Datadog: it has no span_id")


def agents(clock: Clock, span: Any) -> Any:
    """Return a span of the API, or of a saved page with its times in seconds, as the agent's; else what was given."""
    if isinstance(span, dict) and "span_id" not in span and isinstance(span.get("attributes"), dict):
        span = span["attributes"]
    if isinstance(span, dict) and "spanID" in span and "span_id" not in span:
        span = {_AGENT_NAMES.get(key, key): value for key, value in span.items()}
    if not isinstance(span, dict) or "start_timestamp" in span:
        return _of_api(clock, span) if isinstance(span, dict) else span
    start = span.get("start")
    if not isinstance(start, Number) or not 0 < float(start) < _LATEST_SECOND:
        return span
    return span | {key: micro(span[key], scale=_SECOND) for key in ("start", "duration") if key in span}


def _of_api(clock: Clock, span: dict[str, Any]) -> dict[str, Any]:
    meta = texts(flatten(span.get("custom") or {}))
    start, end = clock.read(span["start_timestamp"]), clock.read(span.get("end_timestamp"))
    between = end - start if start is not None and end is not None else None
    length, bad = meta.pop("duration", "") or between, truthy(meta.get("error")) or "error.type" in meta
    for tag in span.get("tags") or ():
        key, _, text = str(tag).partition(":")
        if text:
            meta.setdefault(key, text)
    meta |= {name: str(span[name]) for name in ("env", "version", "host") if span.get(name)}
    return {
        "trace_id": span.get("trace_id"), "span_id": span.get("span_id"), "parent_id": span.get("parent_id"),
        "service": span.get("service"), "name": span.get("operation_name"), "resource": span.get("resource_name"),
        "type": span.get("type"), "start": start, "duration": length, "meta": meta,
        "error": int(bad or "error" in (span.get("status"), meta.get("status"))),
    }  # fmt: skip


def identifiers(span: dict[str, Any], high: str = "") -> tuple[str, str, str]:
    """Return the ids of trace, span and parent as hex, '' where one is absent.

    They are decimal numbers of 64 bits, or texts of 32 hex digits, or of 16 where one of them cannot be decimal.

    Parameters
    ----------
    span
        A span of the agent's shape.
    high
        The upper half of the trace's id, for traces given by the lower.

    Raises
    ------
    BadRecord
        When a number does not fit 64 bits.

    Examples
    --------
    >>> identifiers({"trace_id": 255, "span_id": "12", "parent_id": 0}, "65f2a0f700000000")
    ('65f2a0f70000000000000000000000ff', '000000000000000c', '')
    >>> identifiers({"trace_id": "000000000000000000000000000000ff", "span_id": "00000000000000c1"})[:2]
    ('000000000000000000000000000000ff', '00000000000000c1')
    """
    values = [span.get(name) for name in ("trace_id", "span_id", "parent_id")]
    short = any(_is_hex(value) and len(value) == 16 and not _decimal(value) for value in values)
    found = [str(value).lower() if _is_hex(value) and (short or len(value) == 32) else _of_number(value) for value in values]  # fmt: skip
    trace, own, parent = (text if text.strip("0") else "" for text in found)
    return (high.lower() + trace if trace and len(trace) == 16 and high else trace).rjust(32 if trace else 0, "0"), own, parent  # fmt: skip


def _is_hex(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and not isinstance(value, Number) and bool(_HEX.match(value))


def _decimal(text: str) -> bool:
    return text.isdigit() and not text.startswith("0")


def _of_number(value: Any) -> str:
    number = int(str(value)) if str(value or "").isdigit() else count_of(value)
    if not number:
        return ""
    if not 0 < number < 1 << 64:
        raise BadRecord(f"the identifier {str(value)[:60]} does not fit 64 bits")
    return f"{number:016x}"
