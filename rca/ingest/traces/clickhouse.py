"""Tables of the collector's ClickHouse exporter, saved as Parquet, JSONEachRow or CSV; otlp2parquet writes the same names.

Spans (``otel_traces``), log records (``otel_logs``) and metric points (``otel_metrics_*``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import flatten, loads, peek
from rca.ingest.otlp.anyvalue import first
from rca.ingest.otlp.logs import LogRows
from rca.ingest.otlp.metrics import PointRows
from rca.ingest.source import Source
from rca.ingest.spans import Resource, SpanRows
from rca.ingest.traces.chrows import compact_rows, header, is_compact, table_of, text_rows
from rca.ingest.traces.chtext import literal
from rca.ingest.traces.columnar import MAGIC, names_of, rows_of
from rca.ingest.traces.shapes import each_record, guarded, micro, texts
from rca.ingest.values import BadRecord, hex_id, kind_of, status_of

__all__ = ["CLICKHOUSE"]

_SPANS = {"TraceId", "SpanId", "SpanName", "Duration"}
_LOGS = {"Timestamp", "Body", "SeverityText"}
_METRICS = {"MetricName", "TimeUnix"}
_ROWS = 8_192


def sniff(sample: Sample) -> Guess:
    """Say whether the columns are those of one of the exporter's tables."""
    names = set(names_of(sample))
    if not names and not sample.head.startswith(MAGIC) and sample.lines:
        names = _names(sample)
    for known, what in ((_SPANS, "spans"), (_METRICS, "metric points"), (_LOGS, "log records")):
        if known <= names and (what != "log records" or names & {"LogAttributes", "ResourceAttributes"}):
            return Guess(0.97, f"has the columns of the ClickHouse exporter's {what}")
    return NO


def _names(sample: Sample) -> set[str]:
    names = is_compact(sample)
    found = None if names else next((value for value in peek(sample) if isinstance(value, dict)), None)
    if found is None:
        return set(names or header(sample.lines[0]))
    columns = found.get("meta")
    if isinstance(columns, list) and "data" in found:
        return {str(column.get("name")) for column in columns if isinstance(column, dict)}
    return set(found)


def read(source: Source, sink: Sink) -> None:
    """Read row after row."""
    reader = _Reader(sink)
    head = source.head(4)[0].removeprefix(b"\xef\xbb\xbf")
    if head.startswith(MAGIC):
        for row in rows_of(source, size=_ROWS):
            reader.take(row)
    elif head.startswith(b'["'):
        for row in compact_rows(source, sink):
            reader.take(row)
    elif head.lstrip()[:1] in (b"{", b"["):
        each_record(source, sink, reader.spans, reader.record)
    else:
        for row in text_rows(source, sink):
            reader.take(row)
    reader.flush()


class _Reader:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.spans, self._logs, self._points = SpanRows(sink), LogRows(sink), PointRows(sink)
        self._clock = Clock(sink.context)

    def flush(self) -> None:
        self.spans.flush()
        self._logs.flush()
        self._points.flush()

    def take(self, row: dict[str, Any]) -> None:
        guarded(self.sink, self.record, row)
        self.spans.flush_if_full()

    def record(self, row: Any) -> None:
        rows = row if isinstance(row, list) else table_of(row)
        if rows is not None:
            for item in rows:
                self.take(item)
            return
        if not isinstance(row, dict):
            raise BadRecord("no row of the exporter's tables: an object was expected")
        if "MetricName" in row:
            self._point(row)
        elif "SpanId" in row and ("SpanName" in row or "Duration" in row):
            self._span(row)
        elif "Body" in row or "SeverityText" in row:
            self._log(row)
        else:
            raise BadRecord("no row of the exporter's tables: neither SpanName, Body nor MetricName")

    def _time(self, value: Any) -> int | None:
        if value is None or value == "":
            return None
        if isinstance(value, int):
            return value or None
        found = self._clock.read(value)
        if found is None:
            raise BadRecord(f"the time {str(value)[:60]!r} cannot be read")
        return found or None

    def _resource(self, row: dict[str, Any]) -> Resource:
        attributes = _map(row.get("ResourceAttributes"))
        if row.get("ServiceName"):
            attributes.setdefault("service.name", str(row["ServiceName"]))
        return self.spans.resource(attributes)

    def _span(self, row: dict[str, Any]) -> None:
        trace_id, span_id = hex_id(row.get("TraceId"), 32), hex_id(row.get("SpanId"), 16)
        events = list(_nested(row, "Events", ("Timestamp", "Name", "Attributes")))
        links = list(_nested(row, "Links", ("TraceId", "SpanId", "TraceState", "Attributes")))
        told = [(self._time(at), str(name or ""), _map(more)) for at, name, more in events]
        linked = [((hex_id(trace, 32), hex_id(span, 16)), _map(more)) for trace, span, _, more in links]
        self.spans.add(
            self._resource(row), trace_id=trace_id, span_id=span_id, parent_span_id=hex_id(row.get("ParentSpanId"), 16),
            name=str(row.get("SpanName") or ""), kind=kind_of(row.get("SpanKind")), start_ns=self._time(row.get("Timestamp")),
            duration_ns=micro(row.get("Duration"), scale=1), status=status_of(row.get("StatusCode")),
            message=str(row.get("StatusMessage") or ""), tracestate=str(row.get("TraceState") or ""),
            attributes=_map(row.get("SpanAttributes")), scope=self.spans.scope(_scope(row)),
        )  # fmt: skip
        for event in told:
            self.spans.event(trace_id, span_id, *event)
        for target, more in linked:
            self.spans.link(trace_id, span_id, target, more)

    def _log(self, row: dict[str, Any]) -> None:
        record = {
            "timeUnixNano": self._time(row.get("Timestamp")), "severityNumber": row.get("SeverityNumber"),
            "severityText": row.get("SeverityText"), "body": row.get("Body"), "attributes": _map(row.get("LogAttributes")),
            "traceId": row.get("TraceId"), "spanId": row.get("SpanId"), "eventName": row.get("EventName"),
        }  # fmt: skip
        self._logs.add(self._resource(row), _scope(row), record)

    def _point(self, row: dict[str, Any]) -> None:
        point = {
            "attributes": _map(row.get("Attributes")), "timeUnixNano": self._time(row.get("TimeUnix")),
            "startTimeUnixNano": self._time(row.get("StartTimeUnix")), "flags": row.get("Flags"), "count": row.get("Count"),
            "sum": row.get("Sum"), "min": row.get("Min"), "max": row.get("Max"), "scale": row.get("Scale"),
            "zeroCount": row.get("ZeroCount"), "asDouble": row.get("Value"), "bucketCounts": _list(row.get("BucketCounts")),
            "explicitBounds": _list(row.get("ExplicitBounds")),
            "positive": {"offset": row.get("PositiveOffset"), "bucketCounts": _list(row.get("PositiveBucketCounts"))},
            "negative": {"offset": row.get("NegativeOffset"), "bucketCounts": _list(row.get("NegativeBucketCounts"))},
            "quantileValues": [{"quantile": quantile, "value": value} for quantile, value in _nested(row, "ValueAtQuantiles", ("Quantile", "Value"))],
        }  # fmt: skip
        data = {"dataPoints": [point], "aggregationTemporality": first(row, "AggregationTemporality", "AggTemporality"), "isMonotonic": str(row.get("IsMonotonic")).lower() in ("true", "1")}  # fmt: skip
        metric = {"name": row["MetricName"], "unit": row.get("MetricUnit"), "description": row.get("MetricDescription")}
        self._points.add(self._resource(row), _scope(row), metric | {_kind(row): data})


def _kind(row: dict[str, Any]) -> str:
    if "PositiveBucketCounts" in row or "Scale" in row:
        return "exponentialHistogram"
    if "BucketCounts" in row:
        return "histogram"
    if "ValueAtQuantiles.Quantile" in row or "ValueAtQuantilesQuantile" in row:
        return "summary"
    return "sum" if "IsMonotonic" in row else "gauge"


def _scope(row: dict[str, Any]) -> dict[str, str]:
    named = {"otel.scope.name": row.get("ScopeName"), "otel.scope.version": row.get("ScopeVersion")}
    return {key: str(value) for key, value in named.items() if value} | _map(row.get("ScopeAttributes"))


def _map(value: Any) -> dict[str, str]:
    """Return attributes given as a map, pairs, nested JSON, or the text of one of them."""
    if not value:
        return {}
    if isinstance(value, str):
        value = loads(value) if value.lstrip().startswith('{"') else literal(value)
    if isinstance(value, list):
        value = dict(value)
    if not isinstance(value, dict):
        raise BadRecord(f"attributes are {str(value)[:60]!r}, no map")
    return texts(flatten(value))


def _list(value: Any) -> list[Any]:
    found = literal(value) if isinstance(value, str) and value else value
    return found if isinstance(found, list) else []


def _nested(row: dict[str, Any], name: str, parts: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a nested column: one list a part, or one list of rows."""
    whole = row.get(name)
    if whole:
        for item in loads(whole) if isinstance(whole, str) and whole.startswith('[{"') else _list(whole):
            values = item if isinstance(item, list | tuple) else [item.get(part) for part in parts]
            yield tuple(values)
        return
    lists = [_list(first(row, f"{name}.{part}", f"{name}{part}")) for part in parts]
    for at in range(max(map(len, lists), default=0)):
        yield tuple(items[at] if at < len(items) else None for items in lists)


CLICKHOUSE = Format("clickhouse-otel", "ClickHouse exporter's tables (Parquet, JSONEachRow, CSV) and otlp2parquet", ("spans", "span_events", "span_links", "logs", "metrics"), sniff, read)  # fmt: skip
