"""What the columns of Application Insights say of a span beyond their names: requests, dependencies, sampled items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rca.ingest.exact import text_of
from rca.ingest.tables.names import find
from rca.ingest.tables.span_ids import Span

__all__ = ["complete"]

_SERVER, _CLIENT = 2, 3
_SYSTEMS = {"sql": "mssql", "mysql": "mysql", "postgresql": "postgresql", "redis": "redis", "mongodb": "mongodb", "azure documentdb": "cosmosdb"}  # fmt: skip


def complete(span: Span, record: Mapping[str, Any]) -> None:
    """Add kind, status code, weight and statement to a span of the tables ``requests`` and ``dependencies``.

    Examples
    --------
    >>> span = Span("t", "s", "", "cart", "get", 0, 1)
    >>> complete(span, {"resultCode": "503", "itemCount": "5"})
    >>> span.kind, span.attributes["http.response.status_code"], span.weight
    (2, '503', 5.0)
    """

    def text(*names: str) -> str:
        column = find(record, names)
        return text_of(record[column]) if column and record[column] is not None else ""

    target, data, sort = text("target"), text("data"), text("dependency_type", "type").lower()
    if not span.kind:
        span.kind = _CLIENT if target or data or text("dependency_type") else _SERVER
    code, count = text("result_code"), text("item_count")
    if len(code) == 3 and code.isdigit():
        span.attributes.setdefault("http.response.status_code", code)
    if count.isdigit() and int(count) > 1:
        span.weight = float(count)
    if span.kind == _CLIENT and sort in _SYSTEMS:
        span.attributes.setdefault("db.system.name", _SYSTEMS[sort])
        if data:
            span.attributes.setdefault("db.query.text", data)
    if span.kind == _CLIENT and target:
        span.attributes.setdefault("server.address", target)
