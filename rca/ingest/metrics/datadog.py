"""Datadog: series of the query API and of what agents send (``series[].pointlist`` or ``points``)."""

from __future__ import annotations

from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, peek, text_of, values
from rca.ingest.metrics.points import PointRows
from rca.ingest.source import Source
from rca.ingest.tables.units import number

__all__ = ["DATADOG"]

_TYPES = {"count": "sum", "rate": "gauge", "gauge": "gauge", "1": "sum", "2": "gauge", "3": "gauge"}


def _series(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, dict) and isinstance(document.get("series"), list):
        return [
            item
            for item in document["series"]
            if isinstance(item, dict) and "metric" in item and ("pointlist" in item or "points" in item)
        ]
    return []


def _sniff(sample: Sample) -> Guess:
    found = sample.looks_json and any(_series(document) for document in peek(sample)[:3])
    return Guess(0.95, "series with a metric and its points, as Datadog has them") if found else NO


def _read(source: Source, sink: Sink) -> None:
    rows, clock = PointRows(sink), Clock(sink.context)
    for item in values(source):
        found = [] if isinstance(item, Broken) else _series(item.value)
        if not found:
            rows.quarantine(
                "no series of Datadog", item.excerpt if isinstance(item, Broken) else text_of(item.value), item.offset
            )
        for series in found:
            _points(series, rows, clock, item.offset)
    rows.flush()


def _points(series: dict[str, Any], rows: PointRows, clock: Clock, offset: int) -> None:
    tags = series.get("tag_set") or series.get("tags") or str(series.get("scope") or "").split(",")
    labels = {key: value for key, _, value in (str(tag).partition(":") for tag in tags) if key not in {"", "*"}}
    labels |= {
        text_of(part.get("type")): text_of(part.get("name"))
        for part in series.get("resources") or ()
        if isinstance(part, dict)
    }
    if series.get("host"):
        labels.setdefault("host", text_of(series["host"]))
    units = (
        [part.get("name") for part in series.get("unit") or () if isinstance(part, dict)]
        if isinstance(series.get("unit"), list)
        else [series.get("unit")]
    )
    kind = _TYPES.get(text_of(series.get("type")), "gauge")
    number_of = rows.series(
        text_of(series["metric"]),
        labels,
        unit=text_of(units[0]) if units else "",
        kind=kind,
        temporality="delta" if kind == "sum" else "",
    )
    for pair in series.get("pointlist") or series.get("points") or ():
        time, value = (
            (pair.get("timestamp"), pair.get("value"))
            if isinstance(pair, dict)
            else (pair[0], pair[1])
            if isinstance(pair, list) and len(pair) > 1
            else (None, "x")
        )
        moment = clock.read(time)
        for one in (
            value if isinstance(value, list) and value else [value]
        ):  # of a distribution each value that was measured
            found = number(text_of(one))
            if moment is None or found is None:
                rows.quarantine(
                    f"a point of {text_of(series['metric'])} that is no pair of time and number", text_of(pair), offset
                )
            else:
                rows.add(number_of, moment, found[0])


DATADOG = Format("datadog-metrics", "Datadog series", ("metrics",), _sniff, _read)
