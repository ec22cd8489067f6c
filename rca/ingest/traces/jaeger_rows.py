"""Rows of Jaeger's table in Cassandra, as ``SELECT JSON`` gives them, in the shape of its API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rca.ingest.values import count_of

__all__ = ["is_row", "of_row"]

_TYPES = {"string": "value_string", "bool": "value_bool", "int64": "value_long", "float64": "value_double", "binary": "value_binary"}  # fmt: skip


def is_row(document: Mapping[str, Any]) -> bool:
    """Say whether an object is a row of the table of traces."""
    return "span_hash" in document and "operation_name" in document


def of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as a span of Jaeger's API.

    Examples
    --------
    >>> span = of_row({"trace_id": "0x0a", "span_id": -1, "operation_name": "get", "start_time": 5, "duration": 7})
    >>> span["traceID"], span["spanID"], span["operationName"]
    ('0a', 'ffffffffffffffff', 'get')
    """
    process = row.get("process") or {}
    references = [
        {"refType": str(item.get("ref_type") or "").replace("-", "_"), "traceID": _blob(item.get("trace_id")), "spanID": _id(item.get("span_id"))}
        for item in row.get("refs") or ()
    ]  # fmt: skip
    return {
        "traceID": _blob(row.get("trace_id")), "spanID": _id(row.get("span_id")), "parentSpanID": _id(row.get("parent_id")), "operationName": row["operation_name"],
        "references": references, "startTime": row.get("start_time"), "duration": row.get("duration"), "tags": _tags(row.get("tags")),
        "logs": [{"timestamp": item.get("ts"), "fields": _tags(item.get("fields"))} for item in row.get("logs") or ()],
        "process": {"serviceName": process.get("service_name"), "tags": _tags(process.get("tags"))},
    }  # fmt: skip


def _tags(items: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    return [{"key": item["key"], "value": item.get(_TYPES.get(str(item.get("value_type")), "value_string"))} for item in items or ()]  # fmt: skip


def _blob(value: Any) -> str:
    return str(value or "").removeprefix("0x")


def _id(value: Any) -> str:
    """Return an id that is a signed number of 64 bits as hex, '' where it is absent."""
    number = count_of(value) or 0
    return f"{number % (1 << 64):016x}" if number else ""
