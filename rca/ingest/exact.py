"""JSON read so that every number keeps its digits, value after value, with the place where each begins.

For records whose unknown fields become attributes: ``1.10`` stays ``1.10`` and an id of twenty digits stays whole. What
Python and Go writers emit beside the standard (``NaN``, ``Infinity``) is read too; a text that breaks off gives what came
before.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rca.ingest.contract import Sample
from rca.ingest.source import Source

__all__ = ["Broken", "Number", "Value", "flatten", "loads", "peek", "text_of", "values", "values_of"]

DEPTH = 64
_SPACE = re.compile(r"[\s,]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_EXCERPT = 400
_PEEKED, _GLANCE = 50, 1 << 16


class Number(str):
    """A JSON number as its digits."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number)


@dataclass(frozen=True, slots=True)
class Value:
    """One JSON value and the byte at which it begins."""

    value: Any
    offset: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A piece of text that is no JSON value."""

    reason: str
    excerpt: str
    offset: int


def loads(text: str) -> Any:
    """Return one JSON value with numbers as :class:`Number`.

    Raises
    ------
    ValueError
        When the text is no JSON, or is nested too deeply.

    Examples
    --------
    >>> loads('{"a": 1.10}')["a"]
    '1.10'
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def text_of(value: Any) -> str:
    """Return a value as the text of an attribute: strings as they are, numbers by their digits, the rest as JSON.

    Examples
    --------
    >>> text_of(loads('[1.50, {"a": true}]'))
    '[1.50,{"a":true}]'
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if value is None:
        return ""
    return _dump(value)


def _dump(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{_dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_dump(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode("utf-8")


def flatten(record: dict[str, Any], *, depth: int = 6) -> dict[str, Any]:
    """Return a record with objects inside it opened: their keys joined by dots.

    Examples
    --------
    >>> flatten({"a": {"b": {"c": 1}}, "d": [2]})
    {'a.b.c': 1, 'd': [2]}
    """
    if not any(isinstance(value, dict) for value in record.values()):
        return record
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and value and depth and not any(name.startswith("$") for name in value):
            flat |= {f"{key}.{name}": inner for name, inner in flatten(value, depth=depth - 1).items()}
        else:
            flat[key] = value
    return flat


def values(source: Source) -> Iterator[Value | Broken]:
    """Yield the JSON values of an input: the elements of an array, lines that hold one each, or documents in a row."""
    head = source.head()[0].removeprefix(b"\xef\xbb\xbf").lstrip()
    first_line = head.split(b"\n", 1)[0].rstrip().rstrip(b",")
    if not head.startswith(b"[") and _is_json(first_line):
        yield from _lines(source)
        return
    data = source.read_all()
    yield from values_of(data.decode("utf-8", "replace").removeprefix("\ufeff"))


def _lines(source: Source) -> Iterator[Value | Broken]:
    for line in source.lines():
        data = line.data.removeprefix(b"\xef\xbb\xbf").strip()
        if not data:
            continue
        text = data.decode("utf-8", "replace").rstrip(",")
        if line.oversized:
            yield Broken("the line is longer than the limit", text[:_EXCERPT], line.offset)
            continue
        try:
            yield Value(loads(text), line.offset)
        except ValueError as error:
            yield Broken(f"no JSON: {error}", text[:_EXCERPT], line.offset)


def values_of(text: str) -> Iterator[Value | Broken]:
    """Yield the elements of a JSON array, or the documents that follow each other in a text.

    Examples
    --------
    >>> [item.value for item in values_of('[{"a": 1}, {"a": 2}]')]
    [{'a': '1'}, {'a': '2'}]
    """
    at, array = 0, False
    ascii_only = text.isascii()
    while True:
        at = _end(_SPACE, text, at)
        if at >= len(text):
            return
        if text[at] in "[]" and array == (text[at] == "]"):
            array, at = not array, at + 1
            continue
        offset = at if ascii_only else len(text[:at].encode("utf-8", "replace"))
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield Broken(f"no JSON from here on: {error}", text[at : at + _EXCERPT], offset)
            return
        yield Value(value, offset)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _is_json(data: bytes) -> bool:
    try:
        return isinstance(loads(data.decode("utf-8")), dict)
    except ValueError:
        return False


def peek(sample: Sample) -> list[Any]:
    """Return the first JSON values of a sample, the last one closed by force where the sample ends inside it."""
    return _peek(sample.text, complete=sample.complete) if sample.looks_json else []


@lru_cache(maxsize=8)
def _peek(text: str, *, complete: bool) -> list[Any]:
    first = text.split("\n", 1)[0].strip().rstrip(",")
    if first.startswith("{") and _is_json(first.encode()):
        found = []
        for line in text.split("\n", _PEEKED)[:_PEEKED]:
            found += [item.value for item in values_of(line) if isinstance(item, Value)]
        return found
    if complete:
        return _first(text)
    # The beginning of the beginning is enough, unless one record is larger.
    return _first(_closed(text[:_GLANCE])) or _first(_closed(text))


def _first(text: str) -> list[Any]:
    found = (item.value for item in values_of(text) if isinstance(item, Value))
    return [value for value in itertools.islice(found, _PEEKED) if value not in ({}, [])]


def _closed(text: str) -> str:
    """Return a text that breaks off, cut after its last complete object or array, with what is open closed."""
    open_: list[str] = []
    cut, kept = 0, ""
    for found in _TOKEN.finditer(text):
        mark = found[0]
        if mark in "[{":
            open_.append("]" if mark == "[" else "}")
            if len(open_) > DEPTH:
                break
        elif mark in "]}":
            if not open_ or open_.pop() != mark:
                break
            cut, kept = found.end(), "".join(reversed(open_))
    return text[:cut] + kept
