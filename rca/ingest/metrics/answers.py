"""Series as query APIs answer with them: Grafana, Datadog v2, Google Cloud Monitoring, Azure Monitor, Graphite, InfluxQL, OpenTSDB, Dynatrace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, peek, text_of, values
from rca.ingest.metrics.points import PointRows
from rca.ingest.source import Source
from rca.ingest.tables.units import number

__all__ = ["SERIES_ANSWERS"]


@dataclass(slots=True)
class _Series:
    name: str
    labels: dict[str, str]
    points: list[tuple[Any, Any]]
    """Time and value as written; a value that is an object is a distribution."""
    unit: str = ""
    kind: str = "gauge"
    temporality: str = ""


def _list(value: Any, *path: str) -> list[Any]:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _named(labels: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): text_of(value) for key, value in (labels or {}).items() if value not in (None, "")}


def _grafana(document: dict[str, Any]) -> Iterator[_Series]:
    """Yield the number fields of data frames, each over the time field of its frame."""
    results = document.get("results")
    found = [(ref, frame) for ref, result in _dict(results).items() for frame in _list(result, "frames")]
    for ref, frame in found:
        fields, columns = _list(frame, "schema", "fields"), _list(frame, "data", "values")
        place = next((at for at, one in enumerate(fields) if one.get("type") == "time"), None)
        if place is None or len(columns) != len(fields):
            continue
        for one, cells in zip(fields, columns, strict=True):
            if one.get("type") != "number":
                continue
            labels, config = _named(one.get("labels")), one.get("config") or {}
            shown = "" if one.get("name") in ("Value", "value") else text_of(one.get("name"))
            name = labels.pop("__name__", "") or shown or text_of(config.get("displayNameFromDS") or frame["schema"].get("name") or ref)  # fmt: skip
            yield _Series(name, labels, list(zip(columns[place], cells, strict=False)), text_of(config.get("unit")))


def _datadog(document: dict[str, Any]) -> Iterator[_Series]:
    inner = _dict(_dict(document.get("data")).get("attributes"))
    times = _list(inner, "times")
    for one, cells in zip(_list(inner, "series"), _list(inner, "values"), strict=False):
        if not times or not isinstance(cells, list):
            continue
        labels = dict(text_of(tag).partition(":")[::2] for tag in one.get("group_tags") or ())
        unit = next((part.get("name") for part in one.get("unit") or () if isinstance(part, dict)), "")
        yield _Series(f"query {text_of(one.get('query_index'))}", labels, list(zip(times, cells, strict=False)), text_of(unit))  # fmt: skip


_KINDS = {"GAUGE": ("gauge", ""), "DELTA": ("sum", "delta"), "CUMULATIVE": ("sum", "cumulative")}


def _google(document: dict[str, Any]) -> Iterator[_Series]:
    for one in _list(document, "timeSeries"):
        metric, resource = one.get("metric") or {}, one.get("resource") or {}
        if "type" not in metric or "points" not in one:
            continue
        labels = _named(resource.get("labels")) | _named(metric.get("labels"))
        kind, temporality = _KINDS.get(text_of(one.get("metricKind")), ("gauge", ""))
        points = []
        for point in one["points"]:
            value = next(iter((point.get("value") or {"": None}).values()))
            value = int(value) if isinstance(value, bool) else value
            interval = point.get("interval") or {}
            points.append((interval.get("endTime") or interval.get("startTime"), value))
        points.reverse()  # the newest comes first; record numbers rise with time
        yield _Series(text_of(metric["type"]), labels, points, text_of(one.get("unit")), kind, temporality)


def _azure(document: dict[str, Any]) -> Iterator[_Series]:
    for one in _list(document, "value"):
        if not isinstance(one, dict) or not isinstance(one.get("timeseries"), list):
            continue
        name = one.get("name")
        shown = text_of(name.get("value") if isinstance(name, dict) else name)
        resource = text_of(one.get("id")).split("/providers/Microsoft.Insights/")[0].split("/")[-1]
        for series in one["timeseries"]:
            labels = {text_of((part.get("name") or {}).get("value")): text_of(part.get("value")) for part in series.get("metadatavalues") or ()}  # fmt: skip
            labels |= {"service": resource} if resource else {}
            data = series.get("data") or ()
            for statistic in dict.fromkeys(key for point in data for key in point if key != "timeStamp"):
                points = [(point.get("timeStamp"), point[statistic]) for point in data if statistic in point]
                unit = {"Seconds": "s", "Percent": "%", "MilliSeconds": "ms", "Bytes": "By", "Count": "1"}.get(text_of(one.get("unit")), "")  # fmt: skip
                yield _Series(shown, labels | {"statistic": statistic}, points, unit)


def _graphite(document: dict[str, Any]) -> Iterator[_Series]:
    if "target" in document and isinstance(document.get("datapoints"), list):
        labels = {key: text for key, text in _named(document.get("tags")).items() if key != "name"}
        yield _Series(text_of(document["target"]), labels, [(pair[1], pair[0]) for pair in document["datapoints"]])


def _influx(document: dict[str, Any]) -> Iterator[_Series]:
    for series in [series for result in _list(document, "results") for series in _list(result, "series")]:
        columns = series.get("columns") or []
        if "time" not in columns:
            continue
        place = columns.index("time")
        rows = series.get("values") or []
        for at, column in enumerate(columns):
            cells = [(row[place], row[at]) for row in rows if row[at] is not None]
            if at != place and cells and number(text_of(cells[0][1])) is not None:
                yield _Series(f"{text_of(series.get('name'))}_{column}", _named(series.get("tags")), cells)


def _opentsdb(document: dict[str, Any]) -> Iterator[_Series]:
    points = document.get("dps")
    if "metric" in document and isinstance(points, dict | list):
        pairs = list(points.items()) if isinstance(points, dict) else [(pair[0], pair[1]) for pair in points]
        yield _Series(text_of(document["metric"]), _named(document.get("tags")), pairs)


def _dynatrace(document: dict[str, Any]) -> Iterator[_Series]:
    for result in _list(document, "result"):
        if not isinstance(result, dict) or "metricId" not in result:
            continue
        for data in result.get("data") or ():
            points = list(zip(data.get("timestamps") or (), data.get("values") or (), strict=False))
            yield _Series(text_of(result["metricId"]), _named(data.get("dimensionMap")), points)


_SHAPES: tuple[tuple[str, Callable[[dict[str, Any]], Iterator[_Series]]], ...] = (
    ("Grafana's data frames", _grafana),
    ("Datadog's query API v2", _datadog),
    ("Google Cloud Monitoring", _google),
    ("Azure Monitor", _azure),
    ("Graphite", _graphite),
    ("InfluxQL", _influx),
    ("OpenTSDB", _opentsdb),
    ("Dynatrace's metrics API", _dynatrace),
)


def _shape_of(document: Any) -> tuple[str, list[_Series]]:
    if isinstance(document, dict):
        for name, shape in _SHAPES:
            try:
                found = list(shape(document))
            except (AttributeError, TypeError, ValueError, KeyError, IndexError):
                continue
            if found:
                return name, found
    return "", []


def _sniff(sample: Sample) -> Guess:
    if not sample.looks_json:
        return NO
    for document in peek(sample)[:3]:
        name, _ = _shape_of(document)
        if name:
            return Guess(0.92, f"series as {name} gives them")
    return NO


def _read(source: Source, sink: Sink) -> None:
    rows, clock = PointRows(sink), Clock(sink.context)
    for item in values(source):
        if isinstance(item, Broken):
            rows.quarantine(item.reason, item.excerpt, item.offset)
            continue
        name, found = _shape_of(item.value)
        if not name:
            rows.quarantine("no series that rca knows", text_of(item.value), item.offset)
        for series in found:
            _write(series, rows, clock, item.offset)
    rows.flush()


def _write(series: _Series, rows: PointRows, clock: Clock, offset: int) -> None:
    number_of = rows.series(series.name, series.labels, unit=series.unit, kind=series.kind, temporality=series.temporality, monotonic=True if series.kind == "sum" else None)  # fmt: skip
    for time, value in series.points:
        moment = clock.read(time)
        if moment is not None and isinstance(value, dict):
            try:
                row = _distribution(value)
            except (AttributeError, TypeError, ValueError, OverflowError) as error:
                rows.quarantine(f"a distribution of {series.name} that is none: {error}", text_of(value), offset)
                continue
            temporality = series.temporality or "delta"
            rows.whole({"metric_name": series.name, "time_ns": moment, "unit": series.unit, "temporality": temporality, **row}, series.labels)  # fmt: skip
            continue
        found = number(text_of(value)) if value is not None else None
        if moment is None or (found is None and value is not None):
            rows.quarantine(f"a point of {series.name} that is no pair of time and number", f"{text_of(time)} {text_of(value)}", offset)  # fmt: skip
        else:
            rows.add(number_of, moment, found[0] if found else None)


def _distribution(value: dict[str, Any]) -> dict[str, Any]:
    """Return a distribution of Google's as the columns of a histogram."""
    count, mean = int(str(value.get("count") or 0)), float(str(value.get("mean") or 0))
    options = value.get("bucketOptions") or {}
    bounds: list[float] = []
    if "explicitBuckets" in options:
        bounds = [float(str(bound)) for bound in options["explicitBuckets"].get("bounds") or ()]
    elif "exponentialBuckets" in options:
        one = options["exponentialBuckets"]
        steps, growth, scale = (float(str(one.get(key) or 0)) for key in ("numFiniteBuckets", "growthFactor", "scale"))
        bounds = [scale * growth**at for at in range(min(int(steps), 1000) + 1)]
    elif "linearBuckets" in options:
        one = options["linearBuckets"]
        steps, width, start = (float(str(one.get(key) or 0)) for key in ("numFiniteBuckets", "width", "offset"))
        bounds = [start + width * at for at in range(min(int(steps), 1000) + 1)]
    counts = [int(str(part)) for part in value.get("bucketCounts") or ()]
    counts += [0] * (len(bounds) + 1 - len(counts))
    return {"metric_type": "histogram", "count": count, "sum": count * mean, "bounds": bounds, "bucket_counts": counts}


SERIES_ANSWERS = Format(
    "series-answers",
    "Series of query APIs: Grafana data frames, Datadog v2, Google Cloud Monitoring, Azure Monitor, Graphite, InfluxQL, OpenTSDB, Dynatrace",
    ("metrics",),
    _sniff,
    _read,
)
