"""Tables inside JSON documents: lists of records under any key, columns and rows apart, columns as lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Inner", "tables_in"]

_DEPTH = 4
_HEADS = ("columns", "fields", "headers", "header", "column_names", "columnNames", "schema")
_BODIES = ("rows", "data", "values", "records", "datarows", "table")


@dataclass(frozen=True, slots=True)
class Inner:
    """A list of records found in a document."""

    name: str
    """Key of the list; what it holds, often."""
    rows: list[dict[str, Any]]
    envelope: Mapping[str, Any] = field(default_factory=dict)
    """Plain fields of the objects around it."""


def tables_in(document: Mapping[str, Any], *, name: str = "") -> Iterator[Inner]:
    """Yield the tables of a document.

    Examples
    --------
    >>> [(inner.name, len(inner.rows), dict(inner.envelope)) for inner in tables_in({"team": "a", "deploys": [{"sha": "1"}], "n": {"flags": [{"k": "v"}]}})]
    [('deploys', 1, {'team': 'a'}), ('flags', 1, {'team': 'a'})]
    >>> next(tables_in({"columns": ["time", "value"], "rows": [["1", "2"]]})).rows
    [{'time': '1', 'value': '2'}]
    >>> next(tables_in({"time": ["1", "2"], "value": ["3", "4"]})).rows[1]
    {'time': '2', 'value': '4'}
    """
    yield from _below(document, name, {}, _DEPTH)


def _below(value: Mapping[str, Any], name: str, around: Mapping[str, Any], depth: int) -> Iterator[Inner]:
    plain = {key: item for key, item in value.items() if not isinstance(item, dict | list)}
    envelope = {**around, **plain}
    rows = _apart(value) or _columnar(value)
    if rows:
        yield Inner(name, rows, envelope)
        return
    for key, item in value.items():
        if isinstance(item, list) and item and isinstance(item[0], dict):
            records = [row for row in item if isinstance(row, dict)]
            yield Inner(key, records, envelope)
        elif isinstance(item, dict) and depth:
            yield from _below(item, key, envelope, depth - 1)


def _apart(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Names of the columns in one list, cells in lists of another."""
    head = next((value[key] for key in _HEADS if isinstance(value.get(key), list)), None)
    body = next(
        (
            value[key]
            for key in _BODIES
            if isinstance(value.get(key), list) and value[key] and isinstance(value[key][0], list)
        ),
        None,
    )
    if not head or body is None:
        return []
    names = [text for item in head if (text := _name(item))]
    if len(names) != len(head):
        return []
    return [dict(zip(names, cells, strict=False)) for cells in body if isinstance(cells, list)]


def _name(item: Any) -> str:
    if isinstance(item, dict):
        return str(next((item[key] for key in ("name", "id", "text", "field") if item.get(key)), ""))
    return item if isinstance(item, str) else ""


def _columnar(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every column a list of plain cells of one length, or an object of index → cell."""
    columns: dict[str, Sequence[Any]] = {}
    for key, item in value.items():
        if isinstance(item, dict) and item and list(item)[:2] in (["0", "1"], ["0"]):
            columns[key] = list(item.values())
        elif isinstance(item, list) and item:
            columns[key] = item
    lengths = {len(cells) for cells in columns.values()}
    if (
        len(columns) < 2
        or len(columns) * 2 < len(value)
        or len(lengths) != 1
        or any(isinstance(cell, dict | list) for cells in columns.values() for cell in cells[:5])
    ):
        return []
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
