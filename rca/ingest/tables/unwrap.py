"""Tables inside JSON documents: lists of records under any key, columns and rows apart, series and trees written out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rca.ingest.answers import apart, frames, hit
from rca.ingest.tables.names import METRIC, SPAN, TIME, find

__all__ = ["Inner", "expanded", "tables_in"]

_DEPTH = 4
_GRAPH = re.compile(r"topolog|depend|graph|edge|call|upstream|downstream|service_map|servicemap", re.IGNORECASE)
_POINTS = ("points", "datapoints", "data_points", "values", "data", "series", "samples", "pointlist")
_TIMES = ("timestamps", "times", "time", "timestamp", "ts")
_CHILDREN = ("children", "child_spans", "childSpans", "subspans", "spans", "nodes")
_NEEDS = (
    "depends_on",
    "dependencies",
    "dependency",
    "callees",
    "calls",
    "downstream",
    "upstream",
    "target",
    "targets",
    "callee",
)


@dataclass(frozen=True, slots=True)
class Inner:
    """A list of records found in a document."""

    name: str
    """Key of the list; what it holds, often."""
    rows: list[dict[str, Any]]
    envelope: Mapping[str, Any] = field(default_factory=dict)
    """Plain fields of the objects around it."""
    parent: str = ""
    """Key of the object around the list."""


def tables_in(document: Mapping[str, Any], *, name: str = "") -> Iterator[Inner]:
    """Yield the tables of a document.

    Examples
    --------
    >>> document = {"team": "a", "deploys": [{"sha": "1"}], "n": {"flags": [{"k": "v"}]}}
    >>> [(inner.name, len(inner.rows), dict(inner.envelope), inner.parent) for inner in tables_in(document)]
    [('deploys', 1, {'team': 'a'}, ''), ('flags', 1, {'team': 'a'}, 'n')]
    >>> next(tables_in({"columns": ["time", "value"], "rows": [["1", "2"]]})).rows
    [{'time': '1', 'value': '2'}]
    >>> next(tables_in({"time": ["1", "2"], "value": ["3", "4"]})).rows[1]
    {'time': '2', 'value': '4'}
    >>> next(tables_in({"web": ["cart", "pay"]}, name="topology.json")).rows[0]
    {'caller': 'web', 'callee': 'cart'}
    """
    yield from _below(document, name, "", {}, _DEPTH)


def _below(value: Mapping[str, Any], name: str, parent: str, around: Mapping[str, Any], depth: int) -> Iterator[Inner]:
    plain = {key: item for key, item in value.items() if not isinstance(item, dict | list)}
    envelope = {**around, **plain}
    rows = apart(value) or frames(value) or _adjacent(value, name) or _columnar(value)
    if rows:
        yield Inner(name, rows, envelope, parent)
        return
    for key, item in value.items():
        if isinstance(item, list) and item and isinstance(item[0], dict):
            if key == "types" and "indexRange" in item[0]:
                continue  # tells only of the kinds of the records beside it
            records = [hit(row) for row in item if isinstance(row, dict)]
            tables = [(row, cells) for row in records if (cells := apart(row))]
            for table, cells in tables:
                yield Inner(str(table.get("name") or table.get("TableName") or key), cells, envelope, key)
            if not tables:
                yield Inner(key, records, envelope, name if depth < _DEPTH else "")
        elif isinstance(item, dict) and depth:
            yield from _below(item, key, name if depth < _DEPTH else "", envelope, depth - 1)


def _adjacent(value: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Who calls whom as an object of lists, where the file or key says that it is a graph."""
    if (
        not _GRAPH.search(name)
        or not value
        or not all(isinstance(item, list) and all(isinstance(to, str) for to in item) for item in value.values())
    ):
        return []
    return [{"caller": key, "callee": to} for key, item in value.items() for to in item]


def _columnar(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every column a list of plain cells of one length, or an object of index → cell."""
    columns: dict[str, Sequence[Any]] = {}
    for key, item in value.items():
        if isinstance(item, dict) and item and list(item)[:2] in (["0", "1"], ["0"]):
            columns[key] = list(item.values())
        elif isinstance(item, list) and item:
            columns[key] = item
    lengths = {len(cells) for cells in columns.values()}
    nested = any(isinstance(cell, dict | list) for cells in columns.values() for cell in cells[:5])
    if len(columns) < 2 or len(columns) * 2 < len(value) or len(lengths) != 1 or nested:
        return []
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def expanded(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield records with what is many in one written out: points of a series, children of a span, several callees.

    Examples
    --------
    >>> list(expanded([{"metric": "m", "points": [["1", "2"]]}]))
    [{'metric': 'm', 'time': '1', 'value': '2'}]
    >>> [row.get("parent_span_id") for row in expanded([{"span_id": "a", "duration": "1", "children": [{"span_id": "b", "duration": "1"}]}])]
    [None, 'a']
    """
    for given in rows:
        row = hit(given)
        if not any(isinstance(value, list) for value in row.values()):
            yield row
            continue
        points = _series(row)
        if points is not None:
            yield from points
        elif children := _children(row):
            yield from _tree(row, children)
        else:
            yield from _callees(row)


def _series(row: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    if find(row, METRIC["name"]) is None:
        return None
    times = next((row[key] for key in _TIMES if isinstance(row.get(key), list)), None)
    key = next((name for name in _POINTS if isinstance(row.get(name), list)), None)
    if key is None:
        return None
    points = row[key]
    common = {name: value for name, value in row.items() if not isinstance(value, list)}
    if times is not None and len(times) == len(points):
        return [{**common, "time": time, "value": value} for time, value in zip(times, points, strict=True)]
    if points and all(isinstance(point, list) and len(point) == 2 for point in points):
        return [{**common, "time": time, "value": value} for time, value in points]
    if points and all(isinstance(point, dict) and find(point, TIME, unit=True) for point in points):
        return [{**common, **point} for point in points]
    return None


def _children(row: Mapping[str, Any]) -> str:
    if find(row, SPAN["span_id"]) is None or find(row, SPAN["duration"] + SPAN["end"], unit=True) is None:
        return ""
    return next(
        (
            key
            for key in _CHILDREN
            if isinstance(row.get(key), list) and all(isinstance(item, dict) for item in row[key])
        ),
        "",
    )


def _tree(row: dict[str, Any], key: str, depth: int = 60) -> Iterator[dict[str, Any]]:
    """Yield a span and those below it, which take its trace and its id as their parent where they name none."""
    yield {name: value for name, value in row.items() if name != key}
    own, trace = find(row, SPAN["span_id"]), find(row, SPAN["trace_id"])
    for child in row[key]:
        linked = {**({trace: row[trace]} if trace and find(child, SPAN["trace_id"]) is None else {}), **child}
        if find(child, SPAN["parent_span_id"]) is None and own:
            linked["parent_span_id"] = row[own]
        if isinstance(child.get(key), list) and depth:
            yield from _tree(linked, key, depth - 1)
        else:
            yield linked


def _callees(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    key = next(
        (
            name
            for name in _NEEDS
            if isinstance(row.get(name), list) and all(isinstance(item, str) for item in row[name])
        ),
        None,
    )
    if key is None or find(row, SPAN["service"] + ("caller", "source", "name")) is None or len(row) > 6:
        yield row
    else:
        yield from ({**row, key: item} for item in row[key])
