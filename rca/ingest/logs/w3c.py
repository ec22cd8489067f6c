"""Logs that name their columns in a line: W3C's ``#Fields:`` (IIS, CloudFront), Zeek's ``#fields``, AWS's flow logs."""

from __future__ import annotations

import csv
import re

from rca.ingest.contract import Sink
from rca.ingest.logs.access import request_of
from rca.ingest.logs.names import role_of
from rca.ingest.logs.reader import Batch, LineReader
from rca.ingest.logs.rows import Row
from rca.ingest.logs.timeforms import layout_of
from rca.ingest.source import Source

__all__ = ["fields_of", "read_w3c"]

_WORD = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_DATE = re.compile(r"#date:\s*(\S+)", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d(?:\.\d{1,9})?)?")
_FLOW_FIELD = re.compile(r"[a-z][a-z0-9-]*")
_BATCH = 50_000
_NAMES = {
    "cs-method": "http.request.method",
    "cs-uri-stem": "url.path",
    "cs-uri-query": "url.query",
    "sc-status": "http.response.status_code",
    "c-ip": "client.address",
    "cs(User-Agent)": "user_agent.original",
}


def read_w3c(source: Source, sink: Sink) -> None:
    """Read a log whose columns are named by ``#Fields:`` lines; times are UTC by the standard."""
    reader = LineReader(source, sink)
    fields: list[str] = []
    day, number, batch = "", 0, Batch()
    for line in source.lines():
        text = line.data.decode("utf-8", "rca-latin").removeprefix("\ufeff")
        if not text.strip():
            continue
        named = fields_of(text)
        if named or text.startswith("#"):
            fields = named or fields
            date = _DATE.match(text)
            day = date[1] if date else day
            continue
        row = w3c_row(text, number, fields, day)
        number += 1
        batch.add(row)
        if len(batch.rows) >= _BATCH:
            reader.emit(batch)
            batch = Batch()
    reader.emit(batch)
    reader.miner.finish(sink)


def fields_of(text: str) -> list[str]:
    r"""Return the columns that a line names; empty where it names none.

    Examples
    --------
    >>> fields_of("#Fields: date time c-ip"), fields_of("#fields\tts\tuid"), fields_of("2026-03-04 12:00:00 GET")
    (['date', 'time', 'c-ip'], ['ts', 'uid'], [])
    """
    if text[:8].lower() in {"#fields:", "#fields\t"}:
        return re.split(r"[,\s]+", text[8:].strip())
    words = text.split()
    flows = {"srcaddr", "dstaddr", "start"} <= set(words) and all(map(_FLOW_FIELD.fullmatch, words))
    return words if flows else []


def _time_of(named: dict[str, str], day: str, row: Row) -> None:
    """Take the time of a record: date and time, or the first field that is one."""
    date, time = named.get("date", day), named.get("time", "")
    if _CLOCK.fullmatch(time):
        row.time = f"{date} {time}Z" if date else None
        named.pop("date", None)
        named.pop("time")
        return
    for key in sorted((key for key in named if _is_time(key)), key=_rank):
        if layout_of(named[key]):
            row.time, row.keys["time"] = named.pop(key), key
            return


def _is_time(key: str) -> bool:
    role = role_of((key,))
    return key in {"date", "start"} or (role is not None and role[0] == "time")


def _rank(key: str) -> int:
    role = role_of((key,))
    return role[1] if role else 1000


def w3c_row(text: str, line: int, fields: list[str], day: str) -> Row:
    """Return the record of a line; values beyond the named columns stay in the message."""
    if "\t" in text:
        words = [word.strip('"') for word in text.split("\t")]
    else:
        words = [found[1] if found[2] is None else found[2] for found in _WORD.finditer(text)]
        if len(words) < len(fields) <= text.count(",") + 1:
            words = next(csv.reader([text]))
    row = Row(line, body=text)
    named = dict(zip(fields, words, strict=False))
    _time_of(named, day, row)
    level = next((key for key in named if key.lower() in {"loglevel", "level", "severity"}), "")
    row.level = named.pop(level, "")
    for key, value in named.items():
        if value and value != "-":
            row.keep(_NAMES.get(key, key), value)
    row.request = named.get("x-edge-request-id", "")
    method, path = named.get("cs-method", ""), named.get("cs-uri-stem", "")
    if method and path:
        row.template = request_of(method, path, named.get("sc-status", ""))
    return row
