"""Protobuf's wire format, read by a table of fields: no generated classes, no package needed.

OTLP has few messages and they never change their numbers, so tables of (number, name, kind) say all there is to know.
What is decoded has the names and shapes of OTLP/JSON, so that both encodings share the code behind.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

__all__ = ["EVENT", "LINK", "LOGS", "METRICS", "PAIR", "RESOURCE", "SCOPE", "STATUS", "TRACES", "Broken", "decode", "entries", "varint"]  # fmt: skip

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DEPTH = 100


class Broken(ValueError):  # noqa: N818  (bytes that are broken; never reaches a user)
    """The bytes are not the message they should be."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it ends.

    Raises
    ------
    Broken
        When it does not end.

    Examples
    --------
    >>> varint(bytes([0xAC, 0x02]), 0)
    (300, 2)
    """
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise Broken("a number does not end")


def entries(data: bytes, *, cut: bool = False) -> Iterator[tuple[int, int, Any]]:
    """Yield number, wire type and value of each field: whole numbers, or bytes.

    Parameters
    ----------
    data
        A message.
    cut
        The message may break off: its last field is given as far as it goes.

    Raises
    ------
    Broken
        When the bytes are no message.
    """
    at, size = 0, len(data)
    while at < size:
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise Broken("a field has number 0")
        if kind == _BYTES:
            length, at = varint(data, at)
            end = at + length
            value: Any = data[at:end]
        elif kind == _VARINT:
            value, end = varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            end = at + (8 if kind == _FIXED64 else 4)
            value = data[at:end]
        else:
            raise Broken(f"there is no wire type {kind}")
        if end > size and not cut:
            raise Broken("a field is longer than its message")
        yield number, kind, value
        at = end


Fields = dict[int, tuple[str, Any, bool]]
"""By field number: its name in JSON, its kind (a word or the fields of a message), and whether it repeats."""


def decode(data: bytes, fields: Fields, depth: int = _DEPTH) -> dict[str, Any]:
    """Return a message as a dictionary; fields that are not in the table are left out.

    Raises
    ------
    Broken
        When the bytes are no such message.
    """
    if depth <= 0:
        raise Broken("messages are nested too deeply")
    found: dict[str, Any] = {}
    for number, wire, value in entries(data):
        field = fields.get(number)
        if field is None:
            continue
        name, kind, repeated = field
        if isinstance(kind, dict):
            if wire != _BYTES:
                raise Broken(f"{name} is no message")
            item: Any = decode(value, kind, depth - 1)
        elif repeated and wire == _BYTES and kind in _PACKED:
            found.setdefault(name, []).extend(_packed(value, kind))
            continue
        else:
            item = _scalar(value, kind, wire, name)
        if repeated:
            found.setdefault(name, []).append(item)
        elif isinstance(item, dict) and isinstance(found.get(name), dict):
            found[name] |= item
        else:
            found[name] = item
    return found


_WIRES = {
    "text": _BYTES,
    "bytes": _BYTES,
    "fixed64": _FIXED64,
    "sfixed64": _FIXED64,
    "double": _FIXED64,
    "fixed32": _FIXED32,
}
_PACKED = {"fixed64": "Q", "sfixed64": "q", "double": "d", "uint": "", "fixed32": "I"}


def _scalar(value: Any, kind: str, wire: int, name: str) -> Any:
    if wire != _WIRES.get(kind, _VARINT):
        raise Broken(f"{name} has wire type {wire}")
    if kind == "text":
        return value.decode("utf-8", "replace")
    if kind == "bytes":
        return value
    if _PACKED.get(kind):
        return struct.unpack("<" + _PACKED[kind], value)[0]
    if kind == "bool":
        return bool(value)
    if kind == "int":
        return value - (1 << 64) if value >= 1 << 63 else value
    if kind == "sint":
        return (value >> 1) ^ -(value & 1)
    return value


def _packed(value: bytes, kind: str) -> list[Any]:
    letter = _PACKED[kind]
    if letter:
        size = struct.calcsize("<" + letter)
        if len(value) % size:
            raise Broken("packed numbers do not fill their field")
        return list(struct.unpack(f"<{len(value) // size}{letter}", value))
    found, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        found.append(number)
    return found


def _message(**fields: tuple[Any, ...]) -> Fields:
    """Return a table of fields: ``name=(number, kind)`` or ``name=(number, kind, "repeated")``."""
    return {spec[0]: (name, spec[1], len(spec) > 2) for name, spec in fields.items()}


_ANY: Fields = {}
PAIR = _message(key=(1, "text"), value=(2, _ANY))
_ANY |= _message(
    stringValue=(1, "text"), boolValue=(2, "bool"), intValue=(3, "int"), doubleValue=(4, "double"),
    arrayValue=(5, _message(values=(1, _ANY, "repeated"))), kvlistValue=(6, _message(values=(1, PAIR, "repeated"))),
    bytesValue=(7, "bytes"),
)  # fmt: skip
RESOURCE = _message(attributes=(1, PAIR, "repeated"))
SCOPE = _message(name=(1, "text"), version=(2, "text"), attributes=(3, PAIR, "repeated"))
EVENT = _message(timeUnixNano=(1, "fixed64"), name=(2, "text"), attributes=(3, PAIR, "repeated"))
LINK = _message(traceId=(1, "bytes"), spanId=(2, "bytes"), traceState=(3, "text"), attributes=(4, PAIR, "repeated"))
STATUS = _message(message=(2, "text"), code=(3, "int"))
_SPAN = _message(
    traceId=(1, "bytes"), spanId=(2, "bytes"), traceState=(3, "text"), parentSpanId=(4, "bytes"), name=(5, "text"),
    kind=(6, "int"), startTimeUnixNano=(7, "fixed64"), endTimeUnixNano=(8, "fixed64"), attributes=(9, PAIR, "repeated"),
    events=(11, EVENT, "repeated"), links=(13, LINK, "repeated"), status=(15, STATUS),
)  # fmt: skip
_LOG = _message(
    timeUnixNano=(1, "fixed64"), observedTimeUnixNano=(11, "fixed64"), severityNumber=(2, "int"), severityText=(3, "text"),
    body=(5, _ANY), attributes=(6, PAIR, "repeated"), traceId=(9, "bytes"), spanId=(10, "bytes"), eventName=(12, "text"),
)  # fmt: skip
_EXEMPLARS = _message(
    filteredAttributes=(7, PAIR, "repeated"), timeUnixNano=(2, "fixed64"), asDouble=(3, "double"), asInt=(6, "sfixed64"),
    spanId=(4, "bytes"), traceId=(5, "bytes"),
)  # fmt: skip
_TIMES: dict[str, tuple[Any, ...]] = {"startTimeUnixNano": (2, "fixed64"), "timeUnixNano": (3, "fixed64")}
_NUMBER = _message(
    attributes=(7, PAIR, "repeated"), asDouble=(4, "double"), asInt=(6, "sfixed64"),
    exemplars=(5, _EXEMPLARS, "repeated"), flags=(8, "uint"), **_TIMES,
)  # fmt: skip
_HISTOGRAM = _message(
    attributes=(9, PAIR, "repeated"), count=(4, "fixed64"), sum=(5, "double"), bucketCounts=(6, "fixed64", "repeated"),
    explicitBounds=(7, "double", "repeated"), exemplars=(8, _EXEMPLARS, "repeated"), flags=(10, "uint"), min=(11, "double"),
    max=(12, "double"), **_TIMES,
)  # fmt: skip
_BUCKETS = _message(offset=(1, "sint"), bucketCounts=(2, "uint", "repeated"))
_EXPONENTIAL = _message(
    attributes=(1, PAIR, "repeated"), count=(4, "fixed64"), sum=(5, "double"), scale=(6, "sint"), zeroCount=(7, "fixed64"),
    positive=(8, _BUCKETS), negative=(9, _BUCKETS), flags=(10, "uint"), exemplars=(11, _EXEMPLARS, "repeated"),
    min=(12, "double"), max=(13, "double"), **_TIMES,
)  # fmt: skip
_SUMMARY = _message(
    attributes=(7, PAIR, "repeated"), count=(4, "fixed64"), sum=(5, "double"),
    quantileValues=(6, _message(quantile=(1, "double"), value=(2, "double")), "repeated"), flags=(8, "uint"), **_TIMES,
)  # fmt: skip
_METRIC = _message(
    name=(1, "text"), description=(2, "text"), unit=(3, "text"),
    gauge=(5, _message(dataPoints=(1, _NUMBER, "repeated"))),
    sum=(7, _message(dataPoints=(1, _NUMBER, "repeated"), aggregationTemporality=(2, "int"), isMonotonic=(3, "bool"))),
    histogram=(9, _message(dataPoints=(1, _HISTOGRAM, "repeated"), aggregationTemporality=(2, "int"))),
    exponentialHistogram=(10, _message(dataPoints=(1, _EXPONENTIAL, "repeated"), aggregationTemporality=(2, "int"))),
    summary=(11, _message(dataPoints=(1, _SUMMARY, "repeated"))),
)  # fmt: skip


def _envelope(outer: str, inner: str, name: str, record: Fields) -> Fields:
    scoped = _message(**{"scope": (1, SCOPE), name: (2, record, "repeated")})
    entry = _message(**{"resource": (1, RESOURCE), inner: (2, scoped, "repeated")})
    entry[1000] = entry[2]  # what scopes were called before 2022
    return _message(**{outer: (1, entry, "repeated")})


TRACES = _envelope("resourceSpans", "scopeSpans", "spans", _SPAN)
LOGS = _envelope("resourceLogs", "scopeLogs", "logRecords", _LOG)
METRICS = _envelope("resourceMetrics", "scopeMetrics", "metrics", _METRIC)
