"""OTLP metric points as rows: gauge, sum, histogram, exponential histogram, summary."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa

from rca.ingest.contract import Sink
from rca.ingest.members import json_map
from rca.ingest.otlp.anyvalue import attributes_of, first
from rca.ingest.spans import Resource
from rca.ingest.values import BadRecord, count_of, double, hex_id, nanoseconds
from rca.schema import arrow_schema

__all__ = ["PointRows"]

ROWS = 32_768
_TEMPORALITY = ("", "delta", "cumulative")
_NO_VALUE = 1
"""Flag of a point that says only that there is none."""


class PointRows:
    """Gathers points and hands them to the sink in batches."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rows: list[dict[str, Any]] = []

    def add(self, resource: Resource, scope: dict[str, str], metric: dict[str, Any]) -> None:
        """Take a metric with all its points; a point that cannot be understood is quarantined by itself.

        Raises
        ------
        BadRecord
            When the metric has no kind of data, or a temporality that there is none of.
        """
        found = next(
            ((names[0], first(metric, *names)) for names in _KINDS if isinstance(first(metric, *names), dict)), None
        )
        if found is None:
            raise BadRecord(f"the metric {str(metric.get('name'))[:60]!r} has no data")
        kind, data = found
        common: dict[str, Any] = {
            "metric_name": str(metric.get("name") or ""),
            "service_name": resource.columns["service_name"],
            "unit": str(metric.get("unit") or ""),
            "metric_type": _TYPES[kind],
            "temporality": _temporality(first(data, "aggregationTemporality", "aggregation_temporality")),
            "resource_attributes": resource.json,
        }
        if kind == "sum":
            common["is_monotonic"] = bool(first(data, "isMonotonic", "is_monotonic"))
        for point in first(data, "dataPoints", "data_points") or []:
            try:
                self._rows.append(common | self._point(kind, metric, point, scope))
            except BadRecord as error:
                self._sink.quarantine(f"metric {common['metric_name'][:60]!r}: {error}", str(point)[:400])
            except (AttributeError, TypeError, ValueError, OverflowError) as error:
                self._sink.quarantine(f"not the shape of OTLP ({type(error).__name__}: {error})", str(point)[:400])
        if len(self._rows) >= ROWS:
            self.flush()

    def _point(self, kind: str, metric: dict[str, Any], point: dict[str, Any], scope: dict[str, str]) -> dict[str, Any]:
        row = {
            "time_ns": nanoseconds(first(point, "timeUnixNano", "time_unix_nano")),
            "start_time_ns": nanoseconds(first(point, "startTimeUnixNano", "start_time_unix_nano")),
        } | _VALUES[kind](point)  # fmt: skip
        row["attributes"] = json_map(scope | attributes_of(first(point, "attributes", "labels")))
        row["details"] = _details(kind, metric, point)
        row["record_no"] = self._sink.reserve(1)
        return row

    def flush(self) -> None:
        """Hand over everything that was gathered."""
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        columns: dict[str, pa.Array] = {}
        for field in arrow_schema("metrics"):
            if any(field.name in row for row in rows):
                kind = pa.string() if pa.types.is_map(field.type) else field.type
                columns[field.name] = pa.array([row.get(field.name) for row in rows], kind)
        self._sink.rows("metrics", pa.table(columns))


def _temporality(value: Any) -> str:
    if isinstance(value, str) and not value.isdecimal():
        name = value.lower().removeprefix("aggregation_temporality_")
        if name not in (*_TEMPORALITY, "unspecified"):
            raise BadRecord(f"there is no aggregation temporality {value[:60]!r}")
        return name if name in _TEMPORALITY else ""
    number = count_of(value) or 0
    return _TEMPORALITY[number] if 0 <= number < len(_TEMPORALITY) else ""


def _details(kind: str, metric: dict[str, Any], point: dict[str, Any]) -> str:
    """Return what has no column, as JSON text, so that the attributes stay what names the series."""
    found: dict[str, Any] = {}
    if metric.get("description"):
        found["description"] = str(metric["description"])
    for name in ("min", "max"):
        if point.get(name) is not None:
            found[name] = double(point[name])
    if kind == "summary":
        found["quantile_values"] = [
            double(item.get("value")) for item in first(point, "quantileValues", "quantile_values") or []
        ]
    negative = point.get("negative") or {}
    counts = _counts(first(negative, "bucketCounts", "bucket_counts"))
    if any(counts):
        found["negative_offset"], found["negative_bucket_counts"] = count_of(negative.get("offset")) or 0, counts
    threshold = double(first(point, "zeroThreshold", "zero_threshold"))
    if threshold:
        found["zero_threshold"] = threshold
    if count_of(point.get("flags")) == _NO_VALUE:
        found["no_recorded_value"] = True
    exemplars = [_exemplar(item) for item in point.get("exemplars") or []]
    if exemplars:
        found["exemplars"] = exemplars
    return orjson.dumps(found).decode() if found else ""


def _exemplar(exemplar: dict[str, Any]) -> dict[str, Any]:
    return {
        "time_ns": nanoseconds(first(exemplar, "timeUnixNano", "time_unix_nano")),
        "trace_id": hex_id(first(exemplar, "traceId", "trace_id"), 32),
        "span_id": hex_id(first(exemplar, "spanId", "span_id"), 16),
        "value": double(first(exemplar, "asDouble", "as_double", "asInt", "as_int")),
        "attributes": attributes_of(first(exemplar, "filteredAttributes", "filtered_attributes")),
    }


def _number(point: dict[str, Any]) -> dict[str, Any]:
    value = first(point, "asDouble", "as_double", "asInt", "as_int", "value")
    return {"value": double(value)}


def _histogram(point: dict[str, Any]) -> dict[str, Any]:
    return {
        "count": count_of(point.get("count")) or 0,
        "sum": double(point.get("sum")),
        "bounds": _doubles(first(point, "explicitBounds", "explicit_bounds")),
        "bucket_counts": _counts(first(point, "bucketCounts", "bucket_counts")),
    }


def _exponential(point: dict[str, Any]) -> dict[str, Any]:
    positive = point.get("positive") or {}
    return {
        "count": count_of(point.get("count")) or 0,
        "sum": double(point.get("sum")),
        "scale": count_of(point.get("scale")) or 0,
        "zero_count": count_of(first(point, "zeroCount", "zero_count")) or 0,
        "positive_offset": count_of(positive.get("offset")) or 0,
        "bucket_counts": _counts(first(positive, "bucketCounts", "bucket_counts")),
    }


def _summary(point: dict[str, Any]) -> dict[str, Any]:
    quantiles = first(point, "quantileValues", "quantile_values") or []
    return {
        "count": count_of(point.get("count")) or 0,
        "sum": double(point.get("sum")) or 0.0,
        "bounds": [double(item.get("quantile")) or 0.0 for item in quantiles],
    }


def _doubles(values: Any) -> list[float]:
    return [double(value) or 0.0 for value in values or []]


def _counts(values: Any) -> list[int]:
    return [count_of(value) or 0 for value in values or []]


_KINDS = (
    ("gauge", "intGauge", "doubleGauge"),
    ("sum", "intSum", "doubleSum"),
    ("histogram", "intHistogram", "doubleHistogram"),
    ("exponentialHistogram", "exponential_histogram"),
    ("summary", "doubleSummary"),
)
"""Fields that hold a metric's data, by kind: the name of today first, those of OTLP 0.x after it."""
_TYPES = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponentialHistogram": "exponential_histogram",
    "summary": "summary",
}
_VALUES = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponentialHistogram": _exponential,
    "summary": _summary,
}
