"""ClickHouse's own text of maps and arrays, as it stands in CSV: ``{'k':'v'}``, ``['a','b']``."""

from __future__ import annotations

import re
from typing import Any

from rca.ingest.exact import Number
from rca.ingest.values import BadRecord

__all__ = ["literal"]

_TEXT = re.compile(r"'((?:[^'\\]|\\.|'')*)'", re.DOTALL)
_BARE = re.compile(r"[^,\]}:]+")
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "a": "\a", "v": "\v"}
_DEPTH = 20


def literal(text: str) -> Any:
    r"""Return the map, array, text or number that a text is.

    Raises
    ------
    BadRecord
        When it is none.

    Examples
    --------
    >>> literal(r"{'k':'it\'s','n':1}"), literal("[{'a':'b'},{}]")
    ({'k': "it's", 'n': '1'}, [{'a': 'b'}, {}])
    """
    value, at = _value(text, 0, _DEPTH)
    if text[at:].strip():
        raise BadRecord(f"{text[:60]!r} is no value of ClickHouse")
    return value


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    at = _skip(text, at)
    mark = text[at : at + 1]
    if depth <= 0:
        raise BadRecord("a value is nested too deeply")
    if mark in ("[", "{"):
        return _many(text, at, depth)
    found = _TEXT.match(text, at)
    if found:
        return _ESCAPE.sub(lambda each: _ESCAPES.get(each[1], each[1]) if each[1] else "'", found[1]), found.end()
    bare = _BARE.match(text, at)
    if not bare:
        raise BadRecord(f"{text[:60]!r} is no value of ClickHouse")
    return Number(bare[0].strip()), bare.end()


def _many(text: str, at: int, depth: int) -> tuple[Any, int]:
    is_map = text[at] == "{"
    end = "}" if is_map else "]"
    items: list[Any] = []
    pairs: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != end:
        item, at = _value(text, at, depth - 1)
        at = _skip(text, at)
        if is_map:
            if text[at : at + 1] not in (":", "="):
                raise BadRecord(f"{text[:60]!r} is no map of ClickHouse")
            pairs[str(item)], at = _value(text, at + 1, depth - 1)
            at = _skip(text, at)
        else:
            items.append(item)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != end:
            raise BadRecord(f"{text[:60]!r} does not end")
    return (pairs if is_map else items), at + 1


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
