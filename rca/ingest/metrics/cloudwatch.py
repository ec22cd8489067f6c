"""CloudWatch: answers of ``get-metric-data`` and ``get-metric-statistics``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, peek, text_of, values
from rca.ingest.metrics.points import PointRows
from rca.ingest.source import Source
from rca.ingest.tables.units import number

__all__ = ["CLOUDWATCH"]

_STATISTICS = ("Average", "Sum", "Maximum", "Minimum", "SampleCount")


def _is_answer(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    return isinstance(document.get("MetricDataResults"), list) or (
        isinstance(document.get("Datapoints"), list) and "Label" in document
    )


def _sniff(sample: Sample) -> Guess:
    found = sample.looks_json and any(_is_answer(document) for document in peek(sample)[:3])
    return Guess(0.95, "an answer of CloudWatch") if found else NO


def _read(source: Source, sink: Sink) -> None:
    rows, clock = PointRows(sink), Clock(sink.context)
    for item in values(source):
        if isinstance(item, Broken) or not _is_answer(item.value):
            reason, excerpt = (
                (item.reason, item.excerpt)
                if isinstance(item, Broken)
                else ("no answer of CloudWatch", text_of(item.value))
            )
            rows.quarantine(reason, excerpt, item.offset)
            continue
        for name, labels, unit, time, value in _points(item.value):
            moment, found = clock.read(time), number(text_of(value))
            if moment is None or found is None:
                rows.quarantine(
                    f"a point of {name} that is no pair of time and number",
                    f"{text_of(time)} {text_of(value)}",
                    item.offset,
                )
            else:
                rows.add(rows.series(name, labels, unit=unit), moment, found[0])
    rows.flush()


def _points(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str], str, Any, Any]]:
    for result in document.get("MetricDataResults") or ():
        label = text_of(result.get("Label")) or text_of(result.get("Id"))
        metric, dimensions = _named(label)
        labels = dimensions | ({"id": text_of(result["Id"])} if result.get("Id") else {})
        pairs = list(zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False))
        # The newest comes first; record numbers rise with time.
        for time, value in reversed(pairs):
            yield metric, labels, "", time, value
    unit = {"None": "", "Count": "1"}
    for point in document.get("Datapoints") or ():
        label = text_of(document.get("Label"))
        for name, value in point.items():
            plain = name in _STATISTICS
            if plain or name.startswith("p"):
                yield (
                    label,
                    {"statistic": name},
                    unit.get(text_of(point.get("Unit")), text_of(point.get("Unit"))),
                    point.get("Timestamp"),
                    value,
                )
        for name, value in (point.get("ExtendedStatistics") or {}).items():
            yield (
                label,
                {"statistic": name},
                unit.get(text_of(point.get("Unit")), text_of(point.get("Unit"))),
                point.get("Timestamp"),
                value,
            )


def _named(label: str) -> tuple[str, dict[str, str]]:
    """Return metric and resource of a label such as ``checkout-db CPUUtilization``."""
    words = label.split()
    if len(words) == 2 and words[1][:1].isupper() and words[1].isalpha():
        return words[1], {"service": words[0]}
    return label, {}


CLOUDWATCH = Format(
    "cloudwatch-metrics", "CloudWatch get-metric-data and get-metric-statistics", ("metrics",), _sniff, _read
)
