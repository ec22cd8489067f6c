"""Slow operations of MongoDB outside its JSON log: documents of the profiler, and the text log up to 4.2.

Both are brought to the form of the JSON log's entries, which has the one reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, peek, text_of, values
from rca.ingest.queries.mongo import SLOW, EntryReader
from rca.ingest.source import Source

__all__ = ["PROFILE", "TEXT"]

_EXTENDED = frozenset(("$numberInt", "$numberLong", "$numberDouble"))
_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:?\d\d)) (?P<level>[FEWID]\d?) +(?P<component>[A-Z_-]+) +"
    r"\[(?P<context>[^\]]+)\] (?P<body>.*)",
    re.DOTALL,
)
_OPERATION = re.compile(
    r"(?P<type>command|query|getmore|update|remove|insert|killcursors|find|aggregate) (?P<ns>[^\s.]+\.\S+) (?P<rest>.*) (?P<ms>\d+)ms",
    re.DOTALL,
)
_COUNT = re.compile(r"\b(?P<name>[A-Za-z]+):(?P<value>\d+)(?= |$)")
_PLAN = re.compile(
    r"\bplanSummary: (?P<plan>.+?)(?= (?:keysExamined|docsExamined|cursorid|cursorExhausted|numYields|exception|ntoreturn|nscanned|fromMultiPlanner|replanned|hasSortStage|locks|protocol):)"
)
_APP = re.compile(r'\bappName: "(?P<app>[^"]*)"')
_TEXT = r'"(?:[^"\\]|\\.)*"'
_KEY = re.compile(rf"({_TEXT})|([{{,] ?)([\w$.-]+): ")
_CALL = re.compile(
    rf"({_TEXT})|\b(?:ObjectId|UUID|BinData|Timestamp|new Date|Date|NumberLong|NumberInt|NumberDecimal|DBRef|ISODate)\([^()]*\)|\b(?:MinKey|MaxKey|undefined|nan|inf)\b|/[^/\s]+/[a-z]*(?=[ ,}}])"
)


def _plain(value: Any) -> Any:
    """Return a value of extended JSON without the wrapping of its numbers."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in _EXTENDED:
            text = str(next(iter(value.values())))
            return int(text) if text.lstrip("-").isdigit() else text
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _is_profile(record: Mapping[str, Any]) -> bool:
    return {"op", "ns", "millis", "ts"} <= record.keys()


def _of_profile(document: Mapping[str, Any]) -> dict[str, Any]:
    found = _plain({key: value for key, value in document.items() if key not in ("ts", "millis")})
    millis = _plain(document["millis"])
    attributes = found | {
        "type": found.pop("op"),
        "durationMillis": float(millis) if str(millis).replace(".", "", 1).isdigit() else None,
    }
    attributes["remote"] = f"{attributes.pop('client', '')}:"
    moment = document["ts"]
    return {
        "t": moment if isinstance(moment, dict) else {"$date": moment},
        "s": "I",
        "c": "COMMAND",
        "ctx": "",
        "msg": SLOW,
        "attr": attributes,
    }


def _sniff_profile(sample: Sample) -> Guess:
    found = [item for item in peek(sample)[:20] if isinstance(item, dict)] if sample.looks_json else []
    return Guess(0.96, "op, ns, millis and ts of MongoDB's profiler") if found and all(map(_is_profile, found)) else NO


def _read_profile(source: Source, sink: Sink) -> None:
    reader = EntryReader(sink)
    for item in values(source):
        if isinstance(item, Broken):
            sink.quarantine(item.reason, item.excerpt, item.offset)
        elif not isinstance(item.value, dict) or not _is_profile(item.value):
            sink.quarantine("no document of MongoDB's profiler", text_of(item.value), item.offset)
        else:
            reader.entry(_of_profile(orjson.loads(text_of(item.value))))
    reader.flush()


def _command(text: str) -> dict[str, Any]:
    """Return a command as the shell writes it, empty where it cannot be understood."""
    bare = _CALL.sub(lambda found: found[1] or '"?"', text)
    quoted = _KEY.sub(lambda found: found[1] or f'{found[2]}"{found[3]}": ', bare)
    try:
        value = orjson.loads(quoted)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _braced(text: str, at: int) -> str:
    """Return what stands between the brace at `at` and the one that closes it."""
    depth, quoted, here = 0, False, at
    while here < len(text):
        letter = text[here]
        if letter == "\\" and quoted:
            here += 1
        elif letter == '"':
            quoted = not quoted
        elif not quoted:
            depth += (letter == "{") - (letter == "}")
            if not depth:
                return text[at : here + 1]
        here += 1
    return ""


def _of_line(found: re.Match[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "t": {"$date": found["time"]},
        "s": found["level"],
        "c": found["component"],
        "ctx": found["context"],
        "msg": found["body"],
        "attr": {},
    }
    slow = _OPERATION.fullmatch(found["body"].rstrip())
    if not slow:
        return entry
    rest = slow["rest"]
    commanded = rest.find("command: ")
    opened = rest.find("{", max(commanded, 0))
    inner = _braced(rest, opened) if opened >= 0 else ""
    counted = rest[opened + len(inner) :] if inner else rest
    attributes: dict[str, Any] = {item["name"]: int(item["value"]) for item in _COUNT.finditer(counted)}
    plan, app = _PLAN.search(rest), _APP.search(rest)
    attributes |= {
        "type": slow["type"],
        "ns": slow["ns"],
        "durationMillis": int(slow["ms"]),
        "command": _command(inner),
    }
    attributes |= {"planSummary": plan["plan"]} if plan else {}
    attributes |= {"appName": app["app"]} if app else {}
    return entry | {"msg": SLOW, "attr": attributes}


def _entries(source: Source) -> Iterator[dict[str, Any] | tuple[bytes, int]]:
    for line in source.lines():
        if not line.data.strip():
            continue
        found = None if line.oversized else _LINE.match(line.data.decode("utf-8", "replace"))
        yield _of_line(found) if found else (line.data, line.offset)


def _sniff_text(sample: Sample) -> Guess:
    mine = [found for line in sample.lines if (found := _LINE.match(line))]
    slow = any(_OPERATION.fullmatch(found["body"].rstrip()) for found in mine)
    return Guess(0.93, "slow operations in MongoDB's text log") if slow and 2 * len(mine) >= len(sample.lines) else NO


def _read_text(source: Source, sink: Sink) -> None:
    reader = EntryReader(sink)
    for item in _entries(source):
        if isinstance(item, dict):
            reader.entry(item)
        else:
            sink.quarantine("no line of MongoDB's text log", *item)
    reader.flush()


PROFILE = Format("mongodb-profile", "documents of MongoDB's profiler", ("queries",), _sniff_profile, _read_profile)
TEXT = Format(
    "mongodb-text", "text log of mongod with slow operations, up to 4.2", ("queries", "logs"), _sniff_text, _read_text
)
