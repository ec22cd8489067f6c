"""W3C extended logs: IIS, CloudFront and others that name their columns in a ``#Fields:`` line."""

from __future__ import annotations

import re

from rca.ingest.contract import Sink
from rca.ingest.logs.access import request_of
from rca.ingest.logs.reader import Batch, LineReader
from rca.ingest.logs.rows import Row
from rca.ingest.source import Source

__all__ = ["read_w3c"]

_WORD = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
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
        if text.startswith("#"):
            name, _, rest = text[1:].partition(":")
            if name.strip().lower() == "fields":
                fields = rest.split()
            elif name.strip().lower() == "date":
                day = rest.split()[0] if rest.split() else ""
            continue
        row = w3c_row(text, number, fields, day)
        number += 1
        batch.add(row)
        if len(batch.rows) >= _BATCH:
            reader.emit(batch)
            batch = Batch()
    reader.emit(batch)
    reader.miner.finish(sink)


def w3c_row(text: str, line: int, fields: list[str], day: str) -> Row:
    """Return the record of a line; values beyond the named columns stay in the message."""
    if "\t" in text:
        words = [word.strip('"') for word in text.split("\t")]
    else:
        words = [found[1] if found[2] is None else found[2] for found in _WORD.finditer(text)]
    row = Row(line, body=text)
    named = dict(zip(fields, words, strict=False))
    date, time = named.pop("date", day), named.pop("time", "")
    if time:
        row.time = f"{date} {time}Z" if date else None
    elif date:
        row.time = named.pop("datetime", date)
    for key, value in named.items():
        if value and value != "-":
            row.keep(_NAMES.get(key, key), value)
    row.request = named.get("x-edge-request-id", "")
    method, path = named.get("cs-method", ""), named.get("cs-uri-stem", "")
    if method and path:
        row.template = request_of(method, path, named.get("sc-status", ""))
    return row
