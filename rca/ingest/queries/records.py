"""Slow statements that servers and proxies write as JSON, one object each: what differs is how the fields are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rca.digests import describe, digest_many
from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.exact import Broken, flatten, peek, text_of, values
from rca.ingest.logs.ids import trace_and_span
from rca.ingest.source import Source

__all__ = ["RECORDS"]

_BATCH = 5_000
_UNITS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}


@dataclass(frozen=True, slots=True)
class _Tool:
    """One writer: names of its fields, in the order of preference."""

    title: str
    system: str
    marks: frozenset[str]
    """Fields that every record of it has."""
    text: tuple[str, ...]
    time: tuple[str, ...]
    duration: str
    unit: str
    ended: bool = False
    """Whether the time is that of the end."""
    namespace: tuple[str, ...] = ()
    collection: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    examined: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    unless: tuple[str, frozenset[str]] = ("", frozenset())
    """A field, and the values with which a record says of no statement that has ended."""


_TOOLS = (
    _Tool(
        "ClickHouse's query_log", "clickhouse", frozenset(("query_duration_ms", "query", "query_start_time")), ("query",),
        ("query_start_time_microseconds", "query_start_time"), "query_duration_ms", "ms", namespace=("current_database",), user=("user",),
        client=("address", "initial_address"), session=("query_id",), examined=("read_rows",), returned=("result_rows",),
        affected=("written_rows",), unless=("type", frozenset(("QueryStart", "1"))),
    ),
    _Tool(
        "Elasticsearch's slow log", "elasticsearch", frozenset(("elasticsearch.slowlog.took_millis", "@timestamp")),
        ("elasticsearch.slowlog.source",), ("@timestamp",), "elasticsearch.slowlog.took_millis", "ms", ended=True,
        collection=("elasticsearch.slowlog.message",), trace=("trace.id",),
    ),
    _Tool(
        "ProxySQL's event log", "mysql", frozenset(("duration_us", "starttime_timestamp_us", "query")), ("query",), ("starttime_timestamp_us",),
        "duration_us", "us", namespace=("schemaname",), user=("username",), client=("client",), session=("thread_id",), returned=("rows_sent",),
        affected=("rows_affected",),
    ),
    _Tool(
        "Vitess's query log", "mysql", frozenset(("TotalTime", "SQL", "Start")), ("SQL",), ("Start",), "TotalTime", "s", user=("Username",),
        client=("RemoteAddr",), returned=("RowsReturned",), affected=("RowsAffected",),
    ),
)  # fmt: skip


def _tool(record: Mapping[str, Any]) -> _Tool | None:
    return next((tool for tool in _TOOLS if tool.marks <= record.keys()), None)


def _sniff(sample: Sample) -> Guess:
    if not sample.looks_json:
        return NO
    found = [_tool(flatten(item)) for item in peek(sample)[:20] if isinstance(item, dict)]
    return Guess(0.96, f"fields of {found[0].title}") if found and found[0] is not None and all(found) else NO


def _read(source: Source, sink: Sink) -> None:
    clock, rows = Clock(sink.context), list[dict[str, Any]]()
    for item in values(source):
        if isinstance(item, Broken):
            made: dict[str, Any] | str = item.reason
        else:
            record = flatten(item.value) if isinstance(item.value, dict) else {}
            tool = _tool(record)
            made = _row(record, tool, clock) if tool else "no record of a statement"
        if isinstance(made, dict) and made:
            rows.append(made)
        if len(rows) >= _BATCH or not isinstance(made, dict) or not made:
            _write(rows, sink)
            rows = []
        if isinstance(made, str):
            sink.quarantine(made, item.excerpt if isinstance(item, Broken) else text_of(item.value), item.offset)
        elif not made:
            sink.duplicate()  # a statement that begins is told of again when it has ended
    _write(rows, sink)


def _row(record: Mapping[str, Any], tool: _Tool, clock: Clock) -> dict[str, Any] | str:
    """Return the row of a record, empty where it only says that a statement begins, a reason where it makes none."""
    field, values_of_begun = tool.unless
    if field and text_of(record.get(field)) in values_of_begun:
        return {}
    left = {key: text_of(value) for key, value in record.items() if value not in (None, "")}

    def taken(names: Sequence[str]) -> str:
        return next((left.pop(name) for name in names if name in left), "")

    length = _number(taken((tool.duration,)))
    time = clock.read(taken(tool.time))
    if length is None or time is None:
        return "no time" if length is not None else "no length that is a number"
    duration = round(length * _UNITS[tool.unit])
    trace, span = trace_and_span(taken(tool.trace)) if tool.trace else ("", "")
    text, collection = taken(tool.text), taken(tool.collection)
    return {
        "time_ns": time - duration if tool.ended else time, "duration_ns": duration, "db_system_name": tool.system, "db_query_text": text,
        "db_namespace": taken(tool.namespace), "db_user": taken(tool.user), "client_address": _host(taken(tool.client)),
        "session_id": taken(tool.session), "trace_id": trace, "span_id": span,
        "db_collection_name": collection.strip("[]").split("]")[0].split("/")[0] or describe(text, tool.system).collection,
        "rows_examined": _whole(taken(tool.examined)), "rows_returned": _whole(taken(tool.returned)), "rows_affected": _whole(taken(tool.affected)),
        "attributes": left,
    }  # fmt: skip


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 19 else None


def _host(address: str) -> str:
    """Return an address without its port."""
    plain = address.removeprefix("::ffff:")
    return plain.rsplit(":", 1)[0] if plain.count(":") == 1 else plain


def _write(rows: list[dict[str, Any]], sink: Sink) -> None:
    if rows:
        digests = digest_many([row["db_query_text"] for row in rows], rows[0]["db_system_name"])
        sink.records("queries", [{**row, "db_query_digest": digest} for row, digest in zip(rows, digests, strict=True)])


RECORDS = Format(
    "statement-records",
    "slow statements as JSON: query_log of ClickHouse, slow log of Elasticsearch, ProxySQL, Vitess",
    ("queries",),
    _sniff,
    _read,
)
