"""Prometheus text exposition, OpenMetrics with exemplars, and ``promtool tsdb dump``: one point a line."""

from __future__ import annotations

import re

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.metrics.points import PointRows
from rca.ingest.metrics.series import counter, labels_of
from rca.ingest.source import Source

__all__ = ["EXPOSITION"]

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:.]*"
_LABELS = r'\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\}'
_NUMBER = r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Inf|inf|NaN|nan)"
_POINT = re.compile(
    rf"({_NAME})?\s*({_LABELS})?\s+({_NUMBER})(?:\s+(-?\d+(?:\.\d+)?))?(?:\s+#\s*({_LABELS})\s+({_NUMBER})(?:\s+(\S+))?)?\s*"
)
_TYPE = re.compile(rf'#\s*(TYPE|UNIT|HELP)\s+({_NAME}|"(?:[^"\\]|\\.)*")\s*(.*)')
_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
"""A name that is no identifier stands quoted among the labels, as ``{"http.server.duration",service="a"}``."""
_KINDS = {
    "counter": "sum",
    "gauge": "gauge",
    "histogram": "sum",
    "summary": "gauge",
    "untyped": "",
    "unknown": "",
    "info": "gauge",
    "stateset": "gauge",
}
_PARTS = ("_total", "_bucket", "_count", "_sum", "_created", "_gcount", "_gsum", "_info")


def _sniff(sample: Sample) -> Guess:
    if sample.looks_json and not (sample.lines and _POINT.fullmatch(sample.lines[0])):
        return NO
    typed = any(line.startswith("# TYPE ") for line in sample.lines)
    share = sample.share(lambda line: line.startswith("#") or (_POINT.fullmatch(line) and _named(line)))
    if typed and share >= 0.5:
        return Guess(0.95, "# TYPE lines and points of Prometheus")
    braces = sample.share(lambda line: "{" in line and _POINT.fullmatch(line))
    return Guess(0.85, "points of Prometheus") if braces >= 0.5 else NO


def _named(line: str) -> bool:
    found = _POINT.fullmatch(line)
    return bool(found and (found[1] or found[2]))


def _read(source: Source, sink: Sink) -> None:
    reader = _Reader(sink)
    for line in source.lines():
        text = line.data.decode("utf-8", "replace").strip().removeprefix("\ufeff")
        if text and not line.oversized:
            reader.line(text, line.offset)
        elif line.oversized:
            reader.rows.quarantine("the line is longer than the limit", line.data[:400], line.offset)
    reader.rows.flush()
    if reader.timeless:
        sink.context.note(f"{reader.timeless:,} points carry no time")


class _Reader:
    """What is known of the families while their points pass by."""

    def __init__(self, sink: Sink) -> None:
        self.rows = PointRows(sink)
        self.timeless = 0
        self._kinds: dict[str, str] = {}
        self._units: dict[str, str] = {}

    def line(self, text: str, offset: int) -> None:
        """Take one line."""
        if text.startswith("#"):
            found = _TYPE.fullmatch(text)
            if found and found[1] == "TYPE":
                self._kinds[found[2].strip('"')] = found[3].strip()
            elif found and found[1] == "UNIT":
                self._units[found[2].strip('"')] = found[3].strip()
            return
        found = _POINT.fullmatch(text)
        if not found or not (found[1] or found[2]):
            self.rows.quarantine("no point of a metric", text, offset)
            return
        inside = found[2][1:-1] if found[2] else ""
        quoted = _QUOTED.match(inside) if not found[1] else None
        labels = labels_of(inside[quoted.end() :] if quoted else inside)
        name = found[1] or (quoted[1] if quoted else labels.pop("__name__", ""))
        if not name:
            self.rows.quarantine("a point without the name of a metric", text, offset)
            return
        family = next(
            (
                name.removesuffix(part)
                for part in _PARTS
                if name.endswith(part) and name.removesuffix(part) in self._kinds
            ),
            name,
        )
        written = self._kinds.get(name) or self._kinds.get(family, "")
        gauge = name.endswith("_created") or written == "gauge" or (written == "summary" and "quantile" in labels)
        sums = not gauge and (written in {"counter", "histogram", "summary"} or (not written and counter(name)))
        series = self.rows.series(
            name, labels, unit=self._units.get(family, ""), kind="sum" if sums else _KINDS.get(written) or "gauge",
            temporality="cumulative" if sums else "", monotonic=True if sums else None,
        )  # fmt: skip
        exemplar = {}
        if found[5]:
            exemplar = {f"exemplar.{key}": value for key, value in labels_of(found[5][1:-1]).items()} | {
                "exemplar.value": found[6]
            }
            exemplar |= {"exemplar.timestamp": found[7]} if found[7] else {}
        self.timeless += found[4] is None
        self.rows.add(series, self._time(found[4]), float(found[3]), extra=exemplar)

    def _time(self, text: str | None) -> int | None:
        if text is None:
            return None
        whole, _, part = text.partition(".")
        # OpenMetrics counts seconds, the older text milliseconds: the size tells them apart.
        seconds = bool(part) or abs(int(whole)) < 100_000_000_000
        if not seconds:
            return int(whole) * 1_000_000
        sign = -1 if whole.startswith("-") else 1
        return int(whole) * 1_000_000_000 + sign * int(part[:9].ljust(9, "0") or 0)


EXPOSITION = Format("openmetrics", "Prometheus text, OpenMetrics, promtool tsdb dump", ("metrics",), _sniff, _read)
