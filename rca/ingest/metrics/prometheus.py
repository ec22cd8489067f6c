"""Answers of Prometheus' HTTP API: ``query_range`` and ``query``, and those of its relatives (Thanos, Mimir, VictoriaMetrics)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rca.errors import SourceError
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, loads, peek, text_of, values
from rca.ingest.metrics.matrix import decode, points
from rca.ingest.metrics.points import PointRows
from rca.ingest.metrics.series import counter
from rca.ingest.source import Source

__all__ = ["PROMETHEUS"]

_NS = 1_000_000_000
_MOST = 256 << 20  # bytes of a file that may be held in memory twice


def _result(document: Any) -> list[dict[str, Any]]:
    """Return the series of an answer, of its ``data`` alone, or of one line of an export; empty where it is none."""
    if not isinstance(document, dict):
        return []
    if isinstance(document.get("metric"), dict) and (
        "values" in document or "value" in document or "histograms" in document
    ):
        return [document]
    for inner in (document, document.get("data"), document.get("response")):
        if isinstance(inner, dict) and inner.get("resultType") == "scalar":
            return [{"metric": {}, "value": inner.get("result")}]
        if isinstance(inner, dict) and isinstance(inner.get("result"), list):
            rows = [row for row in inner["result"] if isinstance(row, dict)]
            if all(isinstance(row.get("metric"), dict) for row in rows) and (
                rows or inner.get("resultType") in {"matrix", "vector"}
            ):
                return rows
    return []


def _sniff(sample: Sample) -> Guess:
    if not (sample.looks_json and (sample.has("metric") or sample.has("resultType"))):
        return NO
    found = any(_result(document) for document in peek(sample)[:3])
    return Guess(0.95, "series with labels and values, as Prometheus answers") if found else NO


def _read(source: Source, sink: Sink) -> None:
    rows = PointRows(sink)
    answer = _whole(source)
    if answer is not None:
        for written in answer:
            _quickly(written, rows)
        rows.flush()
        return
    for item in values(source):
        if isinstance(item, Broken):
            rows.quarantine(item.reason, item.excerpt, item.offset)
            continue
        found = _result(item.value)
        if not found and not (isinstance(item.value, dict) and "data" in item.value):
            rows.quarantine("no answer of Prometheus", text_of(item.value), item.offset)
        for series in found:
            _series(series, rows, item.offset)
    rows.flush()


def _whole(source: Source) -> list[bytes] | None:
    """Return the series of a file that is one answer as the server wrote it; None for every other file."""
    head = source.head()[0][:4096]
    if source.size > _MOST or b'"result"' not in head or b'"scalar"' in head:
        return None
    kept = list(source.warnings)
    try:
        found = decode(source.read_all())
    except SourceError:
        found = None
    if found is None:
        source.warnings[:] = kept  # the patient reader finds them again
    return found


def _quickly(written: bytes, rows: PointRows) -> None:
    found = points(written)
    if found is None:
        series = loads(written.decode("utf-8"))
        if isinstance(series, dict) and isinstance(series.get("metric"), dict):
            _series(series, rows, 0)
        return
    labels, times, numbers = found
    rows.extend(_announce(labels, rows)[0], times, numbers)


def _announce(labels: dict[str, str], rows: PointRows) -> tuple[int, str]:
    """Return the number and the name of a series; the name leaves the labels."""
    name = labels.pop("__name__", "") or "value"
    sums = counter(name)
    kind, temporality = ("sum", "cumulative") if sums else ("gauge", "")
    return rows.series(name, labels, kind=kind, temporality=temporality, monotonic=True if sums else None), name


def _series(series: dict[str, Any], rows: PointRows, offset: int) -> None:
    labels = {str(key): text_of(value) for key, value in series["metric"].items()}
    number, name = _announce(labels, rows)
    for pair in _pairs(series):
        point = _point(pair)
        if point is None:
            rows.quarantine(f"a point of {name} that is no pair of time and number", text_of(pair), offset)
        else:
            rows.add(number, *point)
    histograms = series.get("histograms") or ([series["histogram"]] if series.get("histogram") else [])
    for pair in histograms:
        _histogram(name, labels, pair, rows, offset)


def _pairs(series: dict[str, Any]) -> Iterator[Any]:
    if isinstance(series.get("timestamps"), list) and isinstance(series.get("values"), list):
        # VictoriaMetrics exports times, in milliseconds, and values apart.
        for time, value in zip(series["timestamps"], series["values"], strict=False):
            yield [f"{int(str(time)) / 1000:.3f}" if str(time).lstrip("-").isdigit() else time, value]
        return
    if isinstance(series.get("values"), list):
        yield from series["values"]
    if isinstance(series.get("value"), list):
        yield series["value"]


def _point(pair: Any) -> tuple[int, float | None] | None:
    if not isinstance(pair, list) or len(pair) < 2:
        return None
    time = _time(pair[0])
    try:
        return None if time is None else (time, float(str(pair[1])) if pair[1] is not None else None)
    except ValueError:
        return None


def _time(value: Any) -> int | None:
    """Return nanoseconds of Unix seconds, by their digits."""
    whole, _, part = str(value).partition(".")
    if not whole.lstrip("-").isdigit() or (part and not part.isdigit()):
        try:
            return round(float(str(value)) * 1000) * 1_000_000
        except (ValueError, OverflowError):
            return None
    time = int(whole) * _NS + int(part[:9].ljust(9, "0") or 0) * (-1 if whole.startswith("-") else 1)
    return time if abs(time) < 1 << 63 else None


def _histogram(name: str, labels: dict[str, str], pair: Any, rows: PointRows, offset: int) -> None:
    """Take a native histogram: buckets as rule, lower bound, upper bound, count."""
    try:
        time, body = _time(pair[0]), pair[1] if isinstance(pair[1], dict) else loads(str(pair[1]))
        buckets = [(float(low), float(high), round(float(count))) for _, low, high, count in body.get("buckets", [])]
        bounds = sorted({bound for low, high, _ in buckets for bound in (low, high)})
        counts = [0] * (len(bounds) + 1)
        for _, high, count in buckets:
            counts[bounds.index(high)] += count
        row = {
            "metric_name": name, "time_ns": time, "metric_type": "histogram", "temporality": "cumulative", "count": round(float(body["count"])),
            "sum": float(body["sum"]), "bounds": bounds, "bucket_counts": counts if bounds else [],
        }  # fmt: skip
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        rows.quarantine(f"a histogram of {name} that cannot be read", text_of(pair), offset)
        return
    rows.whole(row, labels)


PROMETHEUS = Format("prometheus", "answers of Prometheus (query_range, query)", ("metrics",), _sniff, _read)
