"""What search APIs and back ends put around the records that they answer with: hits, pages, columns and rows apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["apart", "empty_answer", "frames", "hit", "is_ceremony", "records_of", "unlisted"]

_HEADS = ("columns", "fields", "headers", "header", "column_names", "columnNames", "schema", "Columns")
_BODIES = ("rows", "data", "values", "records", "datarows", "table", "Rows")
_NAMES = ("name", "id", "text", "field", "ColumnName")
_LISTS = (
    ("events",), ("logEvents",), ("results",), ("data", "result"), ("streams",), ("hits", "hits"), ("entries",), ("logs",), ("records",), ("items",),
    ("data",), ("value",), ("messages",), ("tables",), ("Records",), ("rows",), ("result",), ("log",), ("Tables",), ("result", "records"),
    ("data", "actor", "account", "nrql", "results"), ("data", "results"), ("data", "logs"), ("result", "events"),
    ("rawResponse", "hits", "hits"), ("response", "hits", "hits"), ("body", "hits", "hits"), ("matches",),
)  # fmt: skip
"""Where documents keep their records."""
_RESULT = frozenset(("preview", "offset", "result", "lastrow"))
_EVENT = frozenset(("time", "samplerate", "data", "dataset", "environment"))
_OWN = ("_index", "_id")
_ALONE = frozenset(("_source", "map"))


def apart(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the records of a table that has the names of its columns in one list and cells in lists of another.

    Examples
    --------
    >>> apart({"Columns": [{"ColumnName": "Level"}], "Rows": [["Error"]]})
    [{'Level': 'Error'}]
    """
    head = next((value[key] for key in _HEADS if isinstance(value.get(key), list)), None)
    body = next(
        (
            value[key]
            for key in _BODIES
            if isinstance(value.get(key), list) and value[key] and isinstance(value[key][0], list)
        ),
        None,
    )
    if head and body is None and isinstance(value.get("fields"), list):
        head, body = value["fields"], _rows_of(value.get("columns"))
    if not head or body is None:
        return []
    names = [text for item in head if (text := _name(item))]
    if len(names) != len(head):
        return []
    return [dict(zip(names, cells, strict=False)) for cells in body if isinstance(cells, list)]


def _rows_of(columns: Any) -> list[list[Any]] | None:
    """Return the rows of cells that lie column by column, as Axiom keeps them."""
    if not isinstance(columns, list) or not columns or not all(isinstance(cells, list) for cells in columns):
        return None
    return [list(cells) for cells in zip(*columns, strict=False)]


def _name(item: Any) -> str:
    if isinstance(item, dict):
        return str(next((item[key] for key in _NAMES if item.get(key)), ""))
    return item if isinstance(item, str) else ""


def records_of(value: Any) -> list[Any]:
    """Return the list of records that a document holds, empty where it holds none.

    Examples
    --------
    >>> records_of({"tables": [{"name": "PrimaryResult", "columns": [{"name": "message"}], "rows": [["boom"]]}]})
    [{'message': 'boom'}]
    >>> records_of({"results": [{"events": [{"message": "boom"}]}]})
    [{'message': 'boom'}]
    """
    if isinstance(value, list):
        return _written_out(value) if value and all(isinstance(item, dict | list) for item in value[:50]) else []
    if not isinstance(value, dict):
        return []
    found = apart(value) or frames(value)
    if found:
        return found
    for path in _LISTS:
        inner = _at(value, path)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict | list):
            return _written_out(inner)
    return []


def frames(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of Grafana's data frames, whose cells lie column by column."""
    results = value.get("results")
    rows: list[dict[str, Any]] = []
    for result in results.values() if isinstance(results, dict) else ():
        given = result.get("frames") if isinstance(result, dict) else None
        for frame in given if isinstance(given, list) else ():
            fields, columns = _at(frame, ("schema", "fields")), _at(frame, ("data", "values"))
            if not isinstance(fields, list) or not isinstance(columns, list):
                continue
            names, whole = [_name(field) for field in fields], [cells for cells in columns if isinstance(cells, list)]
            if len(whole) == len(columns):
                rows += [dict(zip(names, cells, strict=False)) for cells in zip(*whole, strict=False)]
    return rows


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _written_out(items: list[Any]) -> list[Any]:
    """Return the rows of tables in a list, the events of pages in a list; other lists as they are."""
    first = items[0]
    if not isinstance(first, dict):
        return items
    tables = [item for item in items if isinstance(item, dict) and not is_ceremony(item)]
    rows = [apart(item) for item in tables[:1]]
    if rows and rows[0]:
        return [row for item in tables for row in apart(item)]
    if all(isinstance(item, dict) and item.keys() == {"events"} and isinstance(item["events"], list) for item in items):
        return [row for item in items for row in item["events"] if isinstance(row, dict)]
    return items


def is_ceremony(value: Mapping[str, Any]) -> bool:
    """Say whether an object only tells how an answer went: frames of Kusto's protocol beside the one with the rows.

    Examples
    --------
    >>> is_ceremony({"FrameType": "DataSetHeader"}), is_ceremony({"FrameType": "DataTable", "TableKind": "PrimaryResult"})
    (True, False)
    """
    return "FrameType" in value and not (
        value["FrameType"] == "DataTable" and value.get("TableKind", "PrimaryResult") == "PrimaryResult"
    )


def empty_answer(value: Any) -> bool:
    """Say whether a document is an answer without records, such as the last page of a search.

    Examples
    --------
    >>> empty_answer({"took": 1, "hits": {"hits": []}}), empty_answer({"message": "done", "events": []})
    (True, False)
    """
    if not isinstance(value, dict) or "message" in value or "msg" in value:
        return False
    return any(_at(value, path) == [] for path in _LISTS)


def hit(value: dict[str, Any]) -> dict[str, Any]:
    """Return the record that one element of an answer is about; what is no envelope comes back as it is.

    Opened are hits of Elasticsearch and OpenSearch (``_source``, or ``fields`` with their lists), results of Splunk, events
    of Honeycomb.

    Examples
    --------
    >>> hit({"_index": "a", "_id": "1", "fields": {"message": ["boom"]}})
    {'message': 'boom', '_index': 'a', '_id': '1'}
    >>> hit({"time": "t", "samplerate": 10, "data": {"name": "get"}})
    {'Timestamp': 't', 'SampleRate': 10, 'name': 'get'}
    """
    if "_index" in value or "_id" in value:
        own = {key: value[key] for key in _OWN if key in value}
        source, fields = value.get("_source"), value.get("fields")
        if isinstance(source, dict):
            return {**source, **own}
        if isinstance(fields, dict) and "_index" in value:
            return {**unlisted(fields), **own}
    elif len(value) == 1 and isinstance(inner := next(iter(value.values())), dict) and value.keys() <= _ALONE:
        return inner
    elif isinstance(value.get("result"), dict) and value.keys() <= _RESULT and len(value) > 1:
        return {**value["result"], **{key: item for key, item in value.items() if key != "result"}}
    elif isinstance(value.get("data"), dict) and value.keys() <= _EVENT and "time" in value:
        more = {"Timestamp": value["time"]} | ({"SampleRate": value["samplerate"]} if "samplerate" in value else {})
        return {**more, **value["data"]}
    return value


def unlisted(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a hit, each of which is a list, without the lists of one.

    Examples
    --------
    >>> unlisted({"level": ["info"], "tags": ["a", "b"]})
    {'level': 'info', 'tags': ['a', 'b']}
    """
    return {key: item[0] if isinstance(item, list) and len(item) == 1 else item for key, item in fields.items()}
