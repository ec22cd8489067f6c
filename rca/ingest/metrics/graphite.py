"""Graphite's plain lines ``path[;tag=value] value time``, and the CSV that its render API gives."""

from __future__ import annotations

import re

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.metrics.points import PointRows
from rca.ingest.source import Source
from rca.ingest.tables.units import number

__all__ = ["GRAPHITE"]

_PATH = r"[A-Za-z_][\w\-/%:]*(?:\.[\w\-/%:]+)+(?:;[^;=\s,]+=[^;\s,]*)*|[A-Za-z_][\w\-]*(?:;[^;=\s,]+=[^;\s,]*)+"
_LINE = re.compile(rf"({_PATH})\s+([+-]?[\d.eE+-]+|[Nn]a[Nn]|None)\s+(-1|\d{{9,10}}(?:\.\d+)?)")
_RENDERED = re.compile(r'("(?:[^"]|"")*"|[^",]+),(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d),([+-]?[\d.eE+-]*)')
_NOW = "-1"


def _sniff(sample: Sample) -> Guess:
    if sample.looks_json:
        return NO
    if sample.share(lambda line: _LINE.fullmatch(line.strip())) >= 0.7:
        return Guess(0.9, "paths with a value and a Unix time, as Graphite takes them")
    if sample.share(lambda line: _RENDERED.fullmatch(line.strip())) >= 0.9:
        return Guess(0.7, "target, time and value, as Graphite renders CSV")
    return NO


def _read(source: Source, sink: Sink) -> None:
    rows, clock = PointRows(sink), Clock(sink.context)
    for line in source.lines():
        text = line.data.decode("utf-8", "replace").strip().removeprefix("\ufeff")
        if not text or text.startswith("#"):
            continue
        plain, rendered = _LINE.fullmatch(text), _RENDERED.fullmatch(text)
        if plain:
            path, value, time = plain.groups()
        elif rendered:
            path, time, value = rendered.groups()
            path = path.strip('"').replace('""', '"')
        else:
            rows.quarantine("no line of Graphite", text[:400], line.offset)
            continue
        name, *tags = path.split(";")
        labels = {key: said for key, _, said in (tag.partition("=") for tag in tags)}
        moment, found = None if time == _NOW else clock.read(time), number(value)
        if found is None or (moment is None and time != _NOW):
            rows.quarantine("a line of Graphite without a number or a time", text[:400], line.offset)
        else:
            rows.add(rows.series(name, labels), moment, found[0])
    rows.flush()


GRAPHITE = Format("graphite", "Graphite lines and rendered CSV", ("metrics",), _sniff, _read)
