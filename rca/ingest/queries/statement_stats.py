"""Exports of what servers count about statements: pg_stat_statements, performance_schema digests, Query Store, V$SQL.

A row stands for many calls: its length is their mean and ``adjusted_count`` their number, so that sums and rates are right
while quantiles are not; totals and extremes are kept as attributes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from rca.digests import Digester
from rca.errors import OptionError
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.queries.printed import is_printed, printed_records
from rca.ingest.source import Source
from rca.times import parse_time

__all__ = ["FORMAT"]

_BATCH = 20_000
_NOTHING = (None, "", "NULL", "\\N")
"""What exports write where there is no value."""


@dataclass(frozen=True, slots=True)
class _View:
    """One kind of export: names of its columns in lower case, in the order of preference."""

    system: str
    text: tuple[str, ...]
    calls: tuple[str, ...]
    total: tuple[str, ...]
    mean: tuple[str, ...]
    unit_ns: float
    database: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()
    examined: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    no_index: tuple[str, ...] = ()


_VIEWS = (
    _View(
        system="postgresql", text=("query",), calls=("calls",), total=("total_exec_time", "total_time"),
        mean=("mean_exec_time", "mean_time"), unit_ns=1e6, database=("datname", "dbname", "database"),
        user=("rolname", "usename", "user"), time=("snapshot_time", "captured_at", "collected_at", "ts", "now"), returned=("rows",),
    ),
    _View(
        system="mysql", text=("digest_text", "query_sample_text"), calls=("count_star", "exec_count"),
        total=("sum_timer_wait",), mean=("avg_timer_wait",), unit_ns=1e-3, database=("schema_name", "db"),
        time=("last_seen",), lock=("sum_lock_time",), examined=("sum_rows_examined",), returned=("sum_rows_sent",),
        affected=("sum_rows_affected",), no_index=("sum_no_index_used",),
    ),
    _View(
        system="microsoft.sql_server", text=("query_sql_text", "query_text"), calls=("count_executions", "execution_count"),
        total=("total_duration", "total_elapsed_time"), mean=("avg_duration",), unit_ns=1e3, database=("database_name", "db_name"),
        time=("last_execution_time", "end_time", "start_time"), returned=("total_rowcount", "total_rows"), examined=(),
    ),
    _View(
        system="oracle.db", text=("sql_fulltext", "sql_text"), calls=("executions", "executions_delta"), total=("elapsed_time", "elapsed_time_delta"),
        mean=("avg_elapsed_time",), unit_ns=1e3, database=("parsing_schema_name",), time=("last_active_time", "end_interval_time"),
        returned=("rows_processed", "rows_processed_delta"),
    ),
)  # fmt: skip


def _view(names: list[str]) -> _View | None:
    known = {name.strip().lower() for name in names}
    for view in _VIEWS:
        if known & set(view.text) and known & set(view.calls) and known & {*view.total, *view.mean}:
            return view
    return None


def _sniff(sample: Sample) -> Guess:
    names = list(sample.records[0]) if sample.records else []
    if not names and isinstance(sample.document, list) and sample.document and isinstance(sample.document[0], dict):
        names = list(sample.document[0])
    if not names and is_printed(sample.lines):
        names = list(next(printed_records(sample.text), {}))
    if not names and sample.lines and not sample.looks_json:
        names = next(csv.reader([sample.lines[0]], delimiter=_delimiter(sample.lines[0])), [])
    view = _view(names)
    return Guess(0.97, f"columns of statement statistics of {view.system}") if view else NO


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)


def _read(source: Source, sink: Sink) -> None:
    rows: list[dict[str, Any]] = []
    digester: Digester | None = None
    for record in _records(source, sink):
        lowered = {str(key).strip().lower(): value for key, value in record.items()}
        view = _view(list(lowered))
        row = _row(lowered, view) if view else None
        if row is None:
            sink.quarantine("no statement with a number of calls and a length", orjson.dumps(record, default=str), None)
            continue
        digester = digester or Digester(str(row["db_system_name"]))
        rows.append(row)
        if len(rows) >= _BATCH:
            _push(sink, rows, digester)
            rows = []
    if rows and digester:
        _push(sink, rows, digester)


def _push(sink: Sink, rows: list[dict[str, Any]], digester: Digester) -> None:
    codes = digester.codes(pl.Series([row["db_query_text"] for row in rows], dtype=pl.String))
    for row, code in zip(rows, codes.tolist(), strict=True):
        row["db_query_digest"], row["db_collection_name"] = digester.digests[code], digester.tables[code]
    sink.records("queries", rows)


def _records(source: Source, sink: Sink) -> Iterator[Mapping[str, Any]]:
    """Yield rows of CSV, of JSON lines or of one JSON array."""
    data = source.read_all().removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] == b"[":
        document = orjson.loads(data)
        yield from (record for record in document if isinstance(record, dict))
    elif data.lstrip()[:1] == b"{":
        for line in data.splitlines():
            if line.strip():
                try:
                    record = orjson.loads(line)
                except orjson.JSONDecodeError:
                    sink.quarantine("no JSON object", line, None)
                    continue
                if isinstance(record, dict):
                    yield record
    else:
        text = data.decode("utf-8", "replace")
        if is_printed([line for line in text[:65_536].splitlines() if line.strip()]):
            yield from printed_records(text)
            return
        yield from csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text.partition("\n")[0]))


def _row(record: Mapping[str, Any], view: _View) -> dict[str, Any] | None:
    text = _first(record, view.text)
    calls, total, mean = (_number(_first(record, names)) for names in (view.calls, view.total, view.mean))
    if not text or calls is None or calls <= 0 or (total is None and mean is None):
        return None
    length = mean if mean is not None else (total or 0.0) / calls
    taken = {*view.text, *view.calls, *view.database, *view.user}
    scans = _number(_first(record, view.no_index))
    return {
        "time_ns": _time(_first(record, view.time)),
        "duration_ns": round(length * view.unit_ns),
        "adjusted_count": calls,
        "db_system_name": view.system,
        "db_namespace": str(_first(record, view.database) or ""),
        "db_user": str(_first(record, view.user) or ""),
        "db_query_text": str(text),
        "lock_ns": _each(record, view.lock, calls, view.unit_ns),
        "rows_examined": _each(record, view.examined, calls),
        "rows_returned": _each(record, view.returned, calls),
        "rows_affected": _each(record, view.affected, calls),
        "full_scan": None if scans is None else scans * 2 > calls,
        "attributes": {
            key: value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
            for key, value in record.items()
            if key not in taken and value not in (None, "")
        },
    }


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((record[name] for name in names if record.get(name) not in _NOTHING), None)


def _each(record: Mapping[str, Any], names: tuple[str, ...], calls: float, scale: float = 1.0) -> int | None:
    total = _number(_first(record, names))
    return None if total is None else round(total * scale / calls)


def _number(value: Any) -> float | None:
    try:
        return float(str(value).replace(",", "")) if value not in (None, "") else None
    except ValueError:
        return None


def _time(value: Any) -> int | None:
    try:
        return parse_time(str(value)) if value not in (None, "") else None
    except OptionError:
        return None


FORMAT = Format(
    name="statement-stats",
    title="export of pg_stat_statements, performance_schema digests, Query Store or V$SQL; tables as psql and mysql print them",
    tables=("queries",),
    sniff=_sniff,
    read=_read,
)
