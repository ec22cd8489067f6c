"""StatsD and DogStatsD lines: ``name:1|c|@0.1|#tag:value``, with a time before them where a recorder wrote one."""

from __future__ import annotations

import re

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.metrics.points import PointRows
from rca.ingest.source import Source

__all__ = ["STATSD"]

_LINE = re.compile(
    r"(?:(?P<time>[\d][\dT:.,+\-Z ]*?)\s+)?(?P<name>[A-Za-z_][\w.\-/]*):(?P<values>[+-]?[\d.eE+-]+(?::[+-]?[\d.eE+-]+)*)\|(?P<kind>c|g|ms|h|d|s|m)"
    r"(?P<rest>(?:\|[@#TcA-Za-z][^|]*)*)"
)
_KINDS = {"c": "sum", "m": "sum"}


def _sniff(sample: Sample) -> Guess:
    share = sample.share(lambda line: _LINE.fullmatch(line.strip()))
    return Guess(0.9, "lines of StatsD") if share >= 0.7 else NO


def _read(source: Source, sink: Sink) -> None:
    rows, clock, timeless = PointRows(sink), Clock(sink.context), 0
    for line in source.lines():
        text = line.data.decode("utf-8", "replace").strip()
        if not text:
            continue
        found = _LINE.fullmatch(text)
        if not found:
            rows.quarantine("no line of StatsD", text[:400], line.offset)
            continue
        time = clock.read(found["time"]) if found["time"] else None
        labels: dict[str, str] = {}
        for part in found["rest"].split("|"):
            if part.startswith("@"):
                labels["sample_rate"] = part[1:]
            elif part.startswith("#"):
                labels |= {key: value for key, _, value in (tag.partition(":") for tag in part[1:].split(",")) if key}
            elif part[:1] == "T" and part[1:].isdigit():
                time = int(part[1:]) * 1_000_000_000
        timeless += time is None
        kind = found["kind"]
        series = rows.series(
            found["name"], labels, unit="ms" if kind == "ms" else "", kind=_KINDS.get(kind, "gauge"), temporality="delta" if kind in _KINDS else "",
            monotonic=None if kind not in _KINDS else not found["values"].startswith("-"),
        )  # fmt: skip
        for value in found["values"].split(":"):
            try:
                rows.add(series, time, float(value))
            except ValueError:
                rows.quarantine("not a number", text[:400], line.offset)
    rows.flush()
    if timeless:
        sink.context.note(f"{timeless:,} points carry no time")


STATSD = Format("statsd", "StatsD and DogStatsD lines", ("metrics",), _sniff, _read)
