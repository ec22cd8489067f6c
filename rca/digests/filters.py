"""Which fields a MongoDB command compares and sorts by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["Command", "command", "command_of"]

_VERBS = (
    "find",
    "aggregate",
    "count",
    "distinct",
    "update",
    "delete",
    "insert",
    "findAndModify",
    "findandmodify",
    "getMore",
)
_RANGES = frozenset(("$gt", "$gte", "$lt", "$lte", "$ne", "$nin", "$regex", "$exists", "$not"))
_GROUPING = frozenset(("$group", "$count", "$bucket", "$facet", "$sortByCount"))


@dataclass(slots=True)
class Command:
    """What a command does."""

    operation: str = ""
    collection: str = ""
    equality: list[str] = field(default_factory=list)
    range: list[str] = field(default_factory=list)
    sort: list[str] = field(default_factory=list)
    limit: int | None = None
    batch: int = 0
    aggregates: bool = False


def command(text: str) -> Command:
    """Return what a command in JSON does; an empty answer where it is no JSON.

    Examples
    --------
    >>> found = command('{"find": "users", "filter": {"a": 1, "b": {"$gt": 2}}, "sort": {"c": -1}}')
    >>> found.collection, found.equality, found.range, found.sort
    ('users', ['a'], ['b'], ['c'])
    """
    at = text.find("{")
    try:
        value = orjson.loads(text[at:]) if at >= 0 else None
    except orjson.JSONDecodeError:
        value = None
    return command_of(value) if isinstance(value, dict) else Command()


def command_of(value: Mapping[str, Any]) -> Command:
    """Return what a decoded command does."""
    found = Command()
    verb = next((name for name in _VERBS if name in value), "")
    found.operation = verb.upper()
    name = value.get("collection") if verb == "getMore" else value.get(verb)
    found.collection = name if isinstance(name, str) else ""
    for key in ("filter", "query", "q"):
        _filter(value.get(key), found)
    for key in ("updates", "deletes"):
        items = value.get(key)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                _filter(item.get("q"), found)
    stages = value.get("pipeline")
    _pipeline(stages if isinstance(stages, list) else [], found)
    _sort(value.get("sort"), found)
    limit = value.get("limit")
    found.limit = limit if isinstance(limit, int) and limit > 0 else found.limit
    documents = value.get("documents")
    found.batch = max(found.batch, len(documents) if isinstance(documents, list) else 0)
    found.aggregates = found.aggregates or verb in ("count", "distinct")
    return found


def _pipeline(stages: list[Any], found: Command) -> None:
    """Only what stands before the first stage that reshapes documents can use an index."""
    for stage in stages:
        if not isinstance(stage, dict) or not stage:
            return
        name, body = next(iter(stage.items()))
        found.aggregates = found.aggregates or name in _GROUPING
        if name == "$match":
            _filter(body, found)
        elif name == "$sort":
            _sort(body, found)
        elif name == "$limit" and isinstance(body, int):
            found.limit = body
        else:
            found.aggregates = found.aggregates or any(
                key in _GROUPING for item in stages if isinstance(item, dict) for key in item
            )
            return


def _sort(value: Any, found: Command) -> None:
    if isinstance(value, dict):
        found.sort += [name for name in value if name not in found.sort]


def _filter(value: Any, found: Command) -> None:
    if not isinstance(value, dict):
        return
    for name, test in value.items():
        if name == "$and" and isinstance(test, list):
            for part in test:
                _filter(part, found)
        elif not name.startswith("$"):
            _field(name, test, found)


def _field(name: str, test: Any, found: Command) -> None:
    operators = [key for key in test if key.startswith("$")] if isinstance(test, dict) else []
    target = found.range if any(key in _RANGES for key in operators) else found.equality
    if name not in target:
        target.append(name)
    if isinstance(test, dict) and isinstance(test.get("$in"), list):
        found.batch = max(found.batch, len(test["$in"]))
