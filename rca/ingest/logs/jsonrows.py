"""One JSON object, one record: strict, exact to the digit, its envelopes opened."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from rca.errors import RcaError
from rca.ingest.answers import hit, unlisted
from rca.ingest.logs.jsonwhole import complete
from rca.ingest.logs.logfmt import logfmt_row
from rca.ingest.logs.names import ENVELOPE_KEYS, role_of
from rca.ingest.logs.rows import Row
from rca.ingest.logs.severity import level_is_usable, scale_of, severity_number
from rca.ingest.logs.textforms import text_row
from rca.ingest.logs.timeforms import layout_of

__all__ = [
    "UnreadableError",
    "decode_object",
    "is_envelope",
    "is_json",
    "json_row",
    "merge",
    "object_row",
    "unit_of_key",
]

_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MOST_NESTED = 64
_SECONDS = ("epochSecond", "seconds", "sec", "secs")
_NANOS = ("nanoOfSecond", "nanos", "nanoseconds", "nsec", "nano")
_UNIT_KEYS = {"timemillis": "ms", "epochmillis": "ms", "epochms": "ms", "timestampms": "ms", "timems": "ms", "tsms": "ms", "timestampmillis": "ms", "realtimetimestamp": "us",
              "sourcerealtimetimestamp": "us", "timestampus": "us", "timeunixnano": "ns", "timeunixnanos": "ns", "observedtimeunixnano": "ns", "timestampns": "ns",
              "timens": "ns", "tsns": "ns", "epochns": "ns", "epochus": "us", "timeus": "us", "tsus": "us", "unixtimems": "ms", "unixms": "ms", "unixtimestampms": "ms",
              "requesttimeepoch": "ms", "timestampinms": "ms", "logtimestampms": "ms", "eventtimems": "ms", "epochsecond": "s", "epochseconds": "s"}  # fmt: skip

_AROUND = frozenset(("_index", "_id", "preview", "offset", "lastrow"))
"""What an envelope of a search says itself."""

Cell = tuple[tuple[str, ...], str, str]
"""Keys that lead to a value, its kind (``s`` text, ``n`` number, ``o`` other) and its exact text."""


class UnreadableError(RcaError):
    """A record that cannot be understood, and why."""


def decode_object(data: bytes) -> dict[str, Any]:
    """Return a line as a JSON object.

    Raises
    ------
    UnreadableError
        When it is no valid JSON, no object, or nested too deeply.
    """
    if data.count(b"{") + data.count(b"[") > _MOST_NESTED and _depth(data) > _MOST_NESTED:
        raise UnreadableError(f"nested deeper than {_MOST_NESTED} levels")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise UnreadableError(f"a JSON {'array' if isinstance(value, list) else 'value'} where a record is expected")
    return value


def is_json(line: bytes) -> bool:
    """Say whether a line is a JSON value of any kind.

    Examples
    --------
    >>> is_json(b"[1]"), is_json(b"[cart] ready")
    (True, False)
    """
    try:
        decode_object(b'{"":' + line + b"}")
    except UnreadableError:
        return False
    return True


def _depth(data: bytes) -> int:
    """How deep brackets nest, strings left out."""
    deepest = level = 0
    inside = escaped = False
    for byte in data:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in b"{[":
            level += 1
            deepest = max(deepest, level)
            if deepest > _MOST_NESTED:
                return deepest
        elif byte in b"}]":
            level -= 1
    return deepest


def cells(data: bytes, value: dict[str, Any]) -> list[Cell]:
    """Return the leaves of an object with their keys and exact text."""
    out: list[Cell] = []
    _walk(data, value, (), out)
    return out


def _walk(data: bytes | None, value: dict[str, Any], path: tuple[str, ...], out: list[Cell]) -> None:
    raw: dict[str, msgspec.Raw] | None = None
    for key, item in value.items():
        kind = type(item)
        if kind is str:
            out.append(((*path, key), "s", item))
        elif kind is bool or item is None:
            out.append(((*path, key), "o", "null" if item is None else str(item).lower()))
        elif kind is int:
            out.append(((*path, key), "n", str(item)))
        elif kind is float or item:
            if raw is None and data is not None:
                raw = _RAW.decode(data)
            exact = bytes(raw[key]) if raw is not None else orjson.dumps(item)
            if kind is dict:
                _walk(exact, item, (*path, key), out)
            else:
                out.append(((*path, key), "n" if kind is float else "l", exact.decode("utf-8", "replace")))
        else:
            out.append(((*path, key), "o", "{}" if kind is dict else "[]"))


def json_row(data: bytes, line: int, *, depth: int = 0) -> Row:
    """Return the record that a JSON object holds.

    Raises
    ------
    UnreadableError
        When the text is no object that can be read.

    Examples
    --------
    >>> row = json_row(b'{"ts": 1772633400.10, "lvl": "warn", "msg": "slow", "n": 1.10}', 0)
    >>> row.time, row.level, row.body, row.attributes
    ('1772633400.10', 'warn', 'slow', {'n': '1.10'})
    """
    return object_row(data, decode_object(data), line, depth=depth)


def object_row(data: bytes, value: dict[str, Any], line: int, *, depth: int = 0) -> Row:
    """Return the record of a decoded object; `data` is its text, for exact digits."""
    if "_index" in value or "result" in value or "_source" in value:
        wrapped = _wrapped(data, value, line, depth)
        if wrapped is not None:
            return wrapped
    row = Row(line)
    found = cells(data, value)
    _assign(row, found)
    complete(row, value)
    if depth < 4:
        return _opened(row, value, depth=depth)
    return row


def _wrapped(data: bytes, value: dict[str, Any], line: int, depth: int) -> Row | None:
    """Return the record inside a hit or a result of a search; None where the object is none."""
    opened = hit(value)
    key = next((name for name in ("_source", "fields", "result") if isinstance(value.get(name), dict)), "")
    if opened is value or not key:
        return None
    if key == "fields":
        fields = unlisted(value[key])
        inner = object_row(orjson.dumps(fields), fields, line, depth=depth)
    else:
        inner = object_row(bytes(_RAW.decode(data)[key]), value[key], line, depth=depth)
    for name, item in value.items():
        if name in _AROUND:
            inner.keep(name, item if isinstance(item, str) else orjson.dumps(item).decode())
    return inner


def _assign(row: Row, found: list[Cell]) -> None:
    best: dict[str, list[tuple[int, int]]] = {}
    specials = _specials(found)
    for at, (path, kind, text) in enumerate(found):
        role = role_of(path) if text and text != "null" else None
        if role and _usable(role[0], path, kind, text):
            best.setdefault(role[0], []).append((role[1], at))
    used: set[int] = set()
    if specials:
        row.time, row.keys["time"], used = specials
    for role_name, places in best.items():
        _take(row, role_name, sorted(places), found, used)
    for at, (path, _, text) in enumerate(found):
        if at not in used:
            row.keep(".".join(path), text)


def _specials(found: list[Cell]) -> tuple[str, str, set[int]] | None:
    """Find times that are objects: an instant of seconds and nanoseconds, MongoDB's ``$date``."""
    parts: dict[tuple[str, ...], dict[str, int]] = {}
    for at, (path, _, _) in enumerate(found):
        if len(path) > 1 and (path[-1] in _SECONDS or path[-1] in _NANOS or path[-1] in {"$date", "$numberLong"}):
            parts.setdefault(path[:-1], {})[path[-1]] = at
    for path, keys in parts.items():
        owner = path[:-1] if path[-1] == "$date" else path
        role = role_of(owner)
        if not role or role[0] != "time":
            continue
        second = next((keys[name] for name in _SECONDS if name in keys), None)
        nano = next((keys[name] for name in _NANOS if name in keys), None)
        if second is not None and found[second][2].lstrip("-").isdigit():
            digits = found[nano][2].zfill(9) if nano is not None and found[nano][2].isdigit() else ""
            used = {second} | ({nano} if nano is not None else set())
            return found[second][2] + (f".{digits}" if digits else "") + "s", ".".join(path), used
        for name in ("$date", "$numberLong"):
            if name in keys:
                text = found[keys[name]][2]
                return text + ("ms" if text.lstrip("-").isdigit() else ""), ".".join(owner), {keys[name]}
    return None


def _usable(role: str, path: tuple[str, ...], kind: str, text: str) -> bool:
    if role == "level":
        return kind in "sn" and len(text) <= 32 and level_is_usable(path, text)
    if role == "message":
        return kind == "s" or (kind == "l" and path[-1] == "MESSAGE")
    if role == "service":
        return kind == "s" and len(text) <= 200
    if role in {"time", "observed"}:
        return kind in "sn"
    return kind in "sn" and len(text) <= 512


def _take(row: Row, role: str, places: list[tuple[int, int]], found: list[Cell], used: set[int]) -> None:
    name = {"message": "body"}.get(role, role)
    if role == "time" and row.time:
        return
    for _, at in places:
        path, kind, text = found[at]
        if role == "time":
            text = _time_text(path, text)
            if len(places) > 1 and layout_of(text.strip()) is None:
                continue
        elif role == "level":
            if len(places) > 1 and not severity_number(text, scale_of(path)):
                continue
            row.scale = scale_of(path)
        elif role in {"trace", "span"}:
            row.decimal = row.decimal or kind == "n" or path[-1].startswith("dd.") or "dd" in path
        elif kind == "l":
            text = _bytes_text(text)
        setattr(row, name, text)
        row.keys[role] = ".".join(path)
        used.add(at)
        return


def unit_of_key(key: str) -> str:
    """Return the unit that the name of a time tells, empty where it tells none."""
    return _UNIT_KEYS.get(re.sub(r"[^a-z]", "", key.lower()), "")


def _time_text(path: tuple[str, ...], text: str) -> str:
    unit = unit_of_key(path[-1])
    return text + unit if unit and text.lstrip("-").isdigit() else text


def _bytes_text(text: str) -> str:
    """Journald writes a message that is not UTF-8 as an array of bytes."""
    try:
        return bytes(orjson.loads(text)).decode("utf-8", "replace")
    except (orjson.JSONDecodeError, ValueError, TypeError):
        return text


def _opened(row: Row, value: dict[str, Any], *, depth: int) -> Row:
    """Return the record with the one inside its message, where that is a record itself."""
    text = row.body.strip()
    if not text:
        return row
    if text[0] == "{" and text[-1] == "}":
        try:
            inner = json_row(text.encode("utf-8", "surrogatepass"), row.line, depth=depth + 1)
        except (UnreadableError, msgspec.DecodeError):
            return row
        return _timed(merge(inner, row), value, row.time)
    if row.keys.get("message") in ENVELOPE_KEYS and is_envelope(value):
        reader: tuple[Callable[[str, int], Row | None], ...] = (logfmt_row, text_row)
        for read in reader:
            found = read(text, row.line)
            if found is not None:
                return _timed(merge(found, row), value, row.time)
    return row


def _timed(row: Row, value: dict[str, Any], time: str | None) -> Row:
    """Splunk's own time has the zone that the text it was read from may lack."""
    if "_raw" in value and "_time" in value and time:
        row.time, row.observed = time, None
    return row


def is_envelope(value: dict[str, Any]) -> bool:
    """Say whether an object only carries a line of somebody else's log."""
    keys = value.keys()
    return (
        {"log", "stream"} <= keys
        or ("line" in keys and ("labels" in keys or "fields" in keys))
        or "_raw" in keys
        or ("Line" in keys and "labels" in keys)
        or "@rawstring" in keys
        or ("_line" in keys and "_ts" in keys)
        or {"message", "podName", "containerName"} <= keys
        or ("message" in keys and ("ingestionTime" in keys or "eventId" in keys or "logStreamName" in keys))
        or ("log" in keys and "kubernetes" in keys)
        or "@ptr" in keys
        or "@logStream" in keys
    )


def merge(inner: Row, outer: Row) -> Row:
    """Return an inner record completed by its envelope: what it says itself holds."""
    if not inner.body and not inner.attributes:
        return outer
    inner.observed = inner.observed or outer.observed or (outer.time if inner.time else None)
    inner.decimal = inner.decimal or (outer.decimal and not inner.trace)
    if not inner.time:
        inner.time = outer.time
        if "time" in outer.keys:
            inner.keys["time"] = outer.keys["time"]
    if not inner.level:
        inner.level, inner.scale = outer.level, outer.scale
    for name in ("trace", "span", "request", "service", "template"):
        if not getattr(inner, name):
            setattr(inner, name, getattr(outer, name))
            if name in outer.keys:
                inner.keys[name] = outer.keys[name]
    if not inner.body and not any(key in inner.keys for key in ("message", "template")):
        inner.body = outer.body if not outer.body.lstrip().startswith("{") else ""
    for key, text in outer.attributes.items():
        inner.keep(key, text)
    return inner
