"""InfluxDB line protocol: ``measurement,tag=value field=1i,other=2 1700000000000000000``; a point is one field."""

from __future__ import annotations

import re

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.metrics.points import PointRows
from rca.ingest.source import Source

__all__ = ["INFLUX"]

_KEY = r"(?:\\.|[^,= \\])+"
_FIELD = rf'{_KEY}=(?:"(?:\\.|[^"\\])*"|[^, "]+)'
_LINE = re.compile(rf"((?:\\.|[^, \\])+)((?:,{_KEY}=(?:\\.|[^, \\])*)*) +({_FIELD}(?:,{_FIELD})*)(?: +(-?\d+))? *")
_TAG = re.compile(rf",({_KEY})=((?:\\.|[^, \\])*)")
_FIELDS = re.compile(rf'({_KEY})=("(?:\\.|[^"\\])*"|[^, "]+)')
_VALUE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iu]?|t|T|true|True|TRUE|f|F|false|False|FALSE")
_ESCAPED = re.compile(r"\\([,= \\])")


def _sniff(sample: Sample) -> Guess:
    if sample.looks_json:
        return NO
    lines = [line for line in sample.lines[:100] if not line.startswith("#")]
    good = sum(_good(line) for line in lines)
    return (
        Guess(0.85, "measurement, tags and fields of the line protocol") if lines and good >= 0.7 * len(lines) else NO
    )


def _good(line: str) -> bool:
    found = _LINE.fullmatch(line)
    if not found or found[1].endswith(":"):
        return False
    values = [value for _, value in _FIELDS.findall(found[3])]
    # Without tags and without a time it could be a line of anything that assigns.
    told = bool(found[2]) or bool(found[4] and len(found[4]) >= 9)
    return told and any(_VALUE.fullmatch(value) for value in values)


def _read(source: Source, sink: Sink) -> None:
    rows = PointRows(sink)
    unit = 0
    for line in source.lines():
        text = line.data.decode("utf-8", "replace").strip().removeprefix("\ufeff")
        if not text or text.startswith("#"):
            continue
        found = None if line.oversized else _LINE.fullmatch(text)
        if not found:
            rows.quarantine("no line of the line protocol", text[:400], line.offset)
            continue
        if found[4] and not unit:
            unit = _unit(int(found[4]), sink)
        time = int(found[4]) * unit if found[4] else None
        if time is not None and abs(time) >= 1 << 63:
            rows.quarantine("a time that does not fit 64 bits", text[:400], line.offset)
            continue
        _point(found, time, rows, (text, line.offset))
    rows.flush()


def _unit(number: int, sink: Sink) -> int:
    size = abs(number)
    unit = 1 if size >= 1e17 else 1_000 if size >= 1e14 else 1_000_000 if size >= 1e11 else 1_000_000_000
    if unit > 1:
        sink.context.note(f"times were read in units of {unit:,} ns")
    return unit


def _point(found: re.Match[str], time: int | None, rows: PointRows, place: tuple[str, int]) -> None:
    tags = {_plain(key): _plain(value) for key, value in _TAG.findall(found[2])}
    measurement = _plain(found[1])
    texts, numbers = {}, []
    for key, value in _FIELDS.findall(found[3]):
        if _VALUE.fullmatch(value):
            numbers.append((_plain(key), _number(value)))
        else:
            texts[_plain(key)] = value.strip('"').replace('\\"', '"')
    if not numbers:
        rows.quarantine("no field that is a number", place[0][:400], place[1])
    for key, value in numbers:
        name = measurement if key == "value" else f"{measurement}_{key}"
        rows.add(rows.series(name, tags), time, value, extra=texts)


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _number(text: str) -> float:
    if text[0] in "tTfF":
        return float(text[0] in "tT")
    return float(text.rstrip("iu"))


INFLUX = Format("influx", "InfluxDB line protocol", ("metrics",), _sniff, _read)
