"""OTLP's attribute values as text, and lists of them as maps.

The text of a value is the same whether it came as JSON or as protobuf: strings as they are, ``true`` and ``false``,
integers by their digits, doubles with every digit they have, bytes as base64, arrays and lists of pairs as JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from rca.ingest.values import BadRecord, count_of, double, number_text

__all__ = ["attributes_of", "first", "scope_attributes", "text_of"]

_DEPTH = 64
_NAMES = {
    "string_value": "stringValue",
    "bool_value": "boolValue",
    "int_value": "intValue",
    "double_value": "doubleValue",
    "array_value": "arrayValue",
    "kvlist_value": "kvlistValue",
    "bytes_value": "bytesValue",
}


def first(record: Mapping[str, Any], *names: str) -> Any:
    """Return the value of the first of `names` that the record has and that is not null."""
    for name in names:
        value = record.get(name)
        if value is not None:
            return value
    return None


def text_of(value: Any) -> str:
    """Return an AnyValue as text.

    Raises
    ------
    BadRecord
        When it is no AnyValue.

    Examples
    --------
    >>> text_of({"intValue": "7"}), text_of({"arrayValue": {"values": [{"doubleValue": 0.5}, {"stringValue": "a"}]}}), text_of({})
    ('7', '[0.5,"a"]', '')
    """
    plain = _plain(value, _DEPTH)
    if isinstance(plain, str):
        return plain
    if plain is None:
        return ""
    if isinstance(plain, dict | list):
        try:
            return orjson.dumps(plain).decode()
        except (TypeError, orjson.JSONEncodeError) as error:
            raise BadRecord(f"an attribute cannot be written as JSON: {error}") from None
    return number_text(plain)


def _plain(value: Any, depth: int) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict):
        if isinstance(value, str | int | float):  # not by the rules, but it says what it means
            return value
        raise BadRecord(f"an attribute's value is {value!r:.60}, no AnyValue")
    if depth <= 0:
        raise BadRecord("an attribute is nested too deeply")
    for name, inner in value.items():
        kind = _NAMES.get(name, name)
        if kind == "stringValue":
            return inner if isinstance(inner, str) else str(inner)
        if kind == "boolValue":
            return inner if isinstance(inner, bool) else str(inner).lower() in ("true", "1")
        if kind == "intValue":
            return count_of(inner)
        if kind == "doubleValue":
            return double(inner)
        if kind == "bytesValue":
            return base64.b64encode(inner).decode() if isinstance(inner, bytes) else str(inner)
        if kind == "arrayValue":
            return [_plain(item, depth - 1) for item in (inner or {}).get("values") or []]
        if kind == "kvlistValue":
            return {str(item.get("key", "")): _plain(item.get("value"), depth - 1) for item in (inner or {}).get("values") or []}  # fmt: skip
    return None


def attributes_of(pairs: Any) -> dict[str, str]:
    """Return a list of key-value pairs as a map of texts; a plain map is taken too.

    Raises
    ------
    BadRecord
        When it is neither.
    """
    if not pairs:
        return {}
    if isinstance(pairs, dict):
        return {str(key): text_of(value) for key, value in pairs.items()}
    if not isinstance(pairs, Iterable):
        raise BadRecord(f"attributes are {pairs!r:.60}, no list")
    found = {}
    for pair in pairs:
        if not isinstance(pair, dict):
            raise BadRecord(f"an attribute is {pair!r:.60}, no pair of key and value")
        found[str(pair.get("key", ""))] = text_of(pair.get("value"))
    return found


def scope_attributes(scope: Any) -> dict[str, str]:
    """Return what the instrumentation scope says, under the names that OpenTelemetry gives it in other formats."""
    if not isinstance(scope, dict):
        return {}
    found = {}
    if scope.get("name"):
        found["otel.scope.name"] = str(scope["name"])
    if scope.get("version"):
        found["otel.scope.version"] = str(scope["version"])
    return found | attributes_of(scope.get("attributes"))
