"""Points that come as one JSON record each: CloudWatch's metric streams and embedded metrics, Telegraf's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, peek, text_of, values
from rca.ingest.metrics.points import PointRows
from rca.ingest.source import Source
from rca.ingest.tables.units import number

__all__ = ["METRIC_RECORDS"]

Point = tuple[str, dict[str, str], str, Any, Any]
"""Name, labels, unit, time, value."""

_STATISTICS = {"max": "Maximum", "min": "Minimum", "sum": "Sum", "count": "SampleCount"}
_PLAIN_UNITS = {"None": "", "Count": "1"}


def _is_stream(record: Mapping[str, Any]) -> bool:
    return {"namespace", "metric_name", "timestamp"} <= record.keys() and isinstance(record.get("value"), dict)


def _of_stream(record: Mapping[str, Any]) -> Iterator[Point]:
    labels = {str(key): text_of(value) for key, value in (record.get("dimensions") or {}).items()}
    labels |= {key: text_of(record[key]) for key in ("namespace", "account_id", "region") if record.get(key)}
    unit = text_of(record.get("unit"))
    for name, value in record["value"].items():
        statistic = {"statistic": _STATISTICS.get(name, name)}
        yield text_of(record["metric_name"]), labels | statistic, _PLAIN_UNITS.get(unit, unit), record["timestamp"], value  # fmt: skip


def _is_embedded(record: Mapping[str, Any]) -> bool:
    meta = record.get("_aws")
    return isinstance(meta, dict) and isinstance(meta.get("CloudWatchMetrics"), list)


def _of_embedded(record: Mapping[str, Any]) -> Iterator[Point]:
    named = {metric["Name"] for directive in record["_aws"]["CloudWatchMetrics"] for metric in directive.get("Metrics") or ()}  # fmt: skip
    labels = {
        key: text_of(value) for key, value in record.items() if key not in named | {"_aws"} and not isinstance(value, dict)
    }  # fmt: skip
    for directive in record["_aws"]["CloudWatchMetrics"]:
        for metric in directive.get("Metrics") or ():
            unit, given = text_of(metric.get("Unit")), record.get(metric["Name"])
            for value in given if isinstance(given, list) else [given]:
                about = labels | {"namespace": text_of(directive.get("Namespace"))}
                yield text_of(metric["Name"]), about, _PLAIN_UNITS.get(unit, unit), record["_aws"].get("Timestamp"), value  # fmt: skip


def _is_telegraf(record: Mapping[str, Any]) -> bool:
    return {"fields", "name", "tags", "timestamp"} <= record.keys() and isinstance(record["fields"], dict)


def _of_telegraf(record: Mapping[str, Any]) -> Iterator[Point]:
    labels = {str(key): text_of(value) for key, value in (record["tags"] or {}).items()}
    texts = {key: value for key, value in record["fields"].items() if number(text_of(value)) is None}
    labels |= {str(key): text_of(value) for key, value in texts.items()}
    for key, value in record["fields"].items():
        if key not in texts:
            name = text_of(record["name"]) if key == "value" else f"{text_of(record['name'])}_{key}"
            yield name, labels, "", record["timestamp"], value


_SHAPES = ((_is_stream, _of_stream), (_is_embedded, _of_embedded), (_is_telegraf, _of_telegraf))


def _records(value: Any) -> list[Any]:
    """Return the records of a document: itself, a list, or the list that Telegraf writes by batches."""
    if isinstance(value, dict) and isinstance(value.get("metrics"), list) and len(value) == 1:
        return list(value["metrics"])
    return value if isinstance(value, list) else [value]


def _known(record: Any) -> bool:
    return isinstance(record, dict) and any(knows(record) for knows, _ in _SHAPES)


def _sniff(sample: Sample) -> Guess:
    if not sample.looks_json or not (sample.has("metric_name") or sample.has("_aws") or sample.has("fields", "tags")):
        return NO
    found = [record for value in peek(sample)[:20] for record in _records(value)[:20]]
    share = sum(map(_known, found)) / len(found) if found else 0.0
    return Guess(0.95, "points as records of CloudWatch or Telegraf") if share >= 0.8 else NO


def _read(source: Source, sink: Sink) -> None:
    rows, clock = PointRows(sink), Clock(sink.context)
    for item in values(source):
        if isinstance(item, Broken):
            rows.quarantine(item.reason, item.excerpt, item.offset)
            continue
        for record in _records(item.value):
            if not _known(record):
                rows.quarantine("no record of CloudWatch or Telegraf", text_of(record)[:400], item.offset)
                continue
            _take(record, rows, clock, item.offset)
    rows.flush()


def _take(record: Mapping[str, Any], rows: PointRows, clock: Clock, offset: int) -> None:
    shape = next(of for knows, of in _SHAPES if knows(record))
    try:
        points = list(shape(record))
    except (AttributeError, KeyError, TypeError) as error:
        rows.quarantine(f"not the shape of its format ({type(error).__name__}: {error})", text_of(record)[:400], offset)
        return
    if not points:
        rows.quarantine("a record without a number", text_of(record)[:400], offset)
    for name, labels, unit, time, value in points:
        moment, found = clock.read(time), number(text_of(value))
        if moment is None or found is None:
            rows.quarantine(f"a point of {name} that is no pair of time and number", f"{text_of(time)} {text_of(value)}", offset)  # fmt: skip
        else:
            rows.add(rows.series(name, labels, unit=unit), moment, found[0])


METRIC_RECORDS = Format("metric-records", "CloudWatch metric streams and embedded metrics, Telegraf's JSON", ("metrics",), _sniff, _read)  # fmt: skip
