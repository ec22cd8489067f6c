"""Rows that ClickHouse writes as text: with names in front (CSV, TSV, compact JSON), or below a description of the columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from rca.ingest.contract import Sample, Sink
from rca.ingest.exact import loads
from rca.ingest.source import Source

__all__ = ["compact_rows", "header", "is_compact", "table_of", "text_rows"]

_TYPE = re.compile(r"(?:String|U?Int\d+|Float\d+|Bool|UUID|JSON|Date(?:Time)?(?:64|32)?|(?:Map|Array|Tuple|Nested|LowCardinality|Nullable|Enum(?:8|16)|FixedString|DateTime(?:64)?)\(.*\))\Z")  # fmt: skip
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "N": ""}


def header(line: str) -> list[str]:
    """Return the names in the first line of a text file."""
    return next(csv.reader([line], delimiter="\t" if "\t" in line else ","), [])


def is_compact(sample: Sample) -> list[str]:
    """Return the names of a file of JSON arrays, one a line, whose first line has them; none for other files."""
    first = sample.lines[0].rstrip(",") if sample.lines and sample.lines[0].startswith('["') else ""
    try:
        names = orjson.loads(first) if first else []
    except orjson.JSONDecodeError:
        return []
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []


def table_of(document: Any) -> list[Any] | None:
    """Return the rows of a whole result (``FORMAT JSON`` or ``JSONCompact``); None where it is none."""
    if not isinstance(document, dict) or not isinstance(document.get("meta"), list) or "data" not in document:
        return None
    names = [str(column.get("name")) for column in document["meta"] if isinstance(column, dict)]
    data = document["data"]
    if isinstance(data, dict):  # JSONColumnsWithMetadata: one list a column
        return [dict(zip(data, row, strict=False)) for row in zip(*data.values(), strict=False)]
    rows = data if isinstance(data, list) else []
    return [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in rows]


def compact_rows(source: Source, sink: Sink) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of JSON arrays; what is none goes to the quarantine."""
    names: list[str] = []
    for line in source.lines():
        text = line.data.decode("utf-8", "replace").strip().rstrip(",")
        if not text:
            continue
        try:
            values = loads(text)
        except ValueError as error:
            sink.quarantine(f"no JSON: {error}", text[:400], line.offset)
            continue
        if not names:
            names = [str(name) for name in values]
        elif isinstance(values, list) and len(values) == len(names):
            if not _types(values):
                yield dict(zip(names, values, strict=True))
        else:
            sink.quarantine(f"a row that has not the {len(names)} fields of the header", text[:400], line.offset)


def text_rows(source: Source, sink: Sink) -> Iterator[dict[str, Any]]:
    """Yield the rows of a CSV or TSV file; what does not fit its header goes to the quarantine."""
    with source.open() as stream:
        text = io.TextIOWrapper(io.BufferedReader(_Raw(stream.read)), "utf-8-sig", "replace", newline="")
        first_line = text.readline()
        tabbed = "\t" in first_line
        names = header(first_line.rstrip("\r\n"))
        csv.field_size_limit(source.limits.line_bytes)
        rows = csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE) if tabbed else csv.reader(text)
        while True:
            try:
                values = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                sink.quarantine(f"no row of CSV: {error}", f"line {rows.line_num}")
                continue
            if len(values) != len(names):
                if values:
                    sink.quarantine(f"a row of {len(values)} fields; the header has {len(names)}", ",".join(values))
            elif not _types(values):
                plain = [_unescaped(value) for value in values] if tabbed else values
                yield dict(zip(names, plain, strict=True))


def _types(values: list[Any]) -> bool:
    """Say whether a row is the line of types that may follow the names."""
    return all(isinstance(value, str) and _TYPE.match(value) for value in values)


def _unescaped(value: str) -> str:
    """Return a field of TSV as it was; maps and arrays keep the escapes of the texts inside them."""
    if "\\" not in value or value.startswith(("{'", "['", "[{")):
        return value
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), value)


class _Raw(io.RawIOBase):
    """A stream that can only be read, as a file object."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
