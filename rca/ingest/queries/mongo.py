"""The JSON log of mongod and mongos from 4.4 on: ``Slow query`` entries become queries, all others log rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl

from rca.digests import Digester
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.source import Source

__all__ = ["FORMAT", "SLOW", "EntryReader"]

SLOW = "Slow query"
"""What the server says of an operation that took long."""
_SEVERITY = {"F": 21, "E": 17, "W": 13, "I": 9, "D": 5, "D1": 5, "D2": 4, "D3": 3, "D4": 2, "D5": 1}
_MS = 1_000_000
_BATCH = 20_000
_CONTEXT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_VERBS = ("update", "remove", "insert")
_AFFECTED = ("nModified", "ndeleted", "ninserted", "nUpserted")
_TAKEN = frozenset(
    (
        "durationMillis",
        "docsExamined",
        "nreturned",
        "ns",
        "command",
        "originatingCommand",
        "locks",
        "remote",
        "planSummary",
    )
)


def _sniff(sample: Sample) -> Guess:
    records = sample.records
    mine = sum(
        isinstance(record.get("t"), dict) and "$date" in record["t"] and "ctx" in record and "msg" in record
        for record in records
    )
    if mine and mine >= 0.5 * len(records):
        return Guess(0.95, "t, s, c, id, ctx and msg of MongoDB's log")
    return NO


def _read(source: Source, sink: Sink) -> None:
    reader = EntryReader(sink)
    for line in source.lines():
        if line.data.strip():
            reader.take(line.data, line.offset, oversized=line.oversized)
    reader.flush()


class EntryReader:
    """Collects rows of both tables and keeps the order of the records."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._digester = Digester("mongodb")
        self._queries: list[dict[str, Any]] = []
        self._logs: list[dict[str, Any]] = []

    def take(self, data: bytes, offset: int, *, oversized: bool) -> None:
        """Read one line."""
        try:
            record = orjson.loads(data)
        except orjson.JSONDecodeError:
            record = None
        if not isinstance(record, dict) or oversized:
            self._sink.quarantine("longer than the cap" if oversized else "no JSON object", data, offset)
            return
        self.entry(record)

    def entry(self, record: Mapping[str, Any]) -> None:
        """Take one entry of the log."""
        number = self._sink.reserve(1)
        attributes = record.get("attr")
        attributes = attributes if isinstance(attributes, dict) else {}
        if record.get("msg") == SLOW and isinstance(attributes.get("durationMillis"), int | float):
            self._queries.append(_query(record, attributes, number))
        else:
            self._logs.append(_log(record, attributes, number, self._sink.context.service_name))
        if len(self._queries) + len(self._logs) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Push what is collected."""
        if self._queries:
            codes = self._digester.codes(pl.Series([row.pop("shape") for row in self._queries], dtype=pl.String))
            for row, code in zip(self._queries, codes.tolist(), strict=True):
                row["db_query_digest"] = self._digester.digests[code]
        self._sink.records("queries", self._queries)
        self._sink.records("logs", self._logs)
        self._queries, self._logs = [], []


def _time(record: Mapping[str, Any]) -> int | None:
    stamp = record.get("t")
    text = stamp.get("$date") if isinstance(stamp, dict) else None
    if isinstance(text, dict) and str(text.get("$numberLong", "")).lstrip("-").isdigit():
        return int(text["$numberLong"]) * _MS
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    delta = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000


def _query(record: Mapping[str, Any], attr: Mapping[str, Any], number: int) -> dict[str, Any]:
    duration = round(float(attr["durationMillis"]) * _MS)
    ended = _time(record)
    database, _, collection = str(attr.get("ns", "")).partition(".")
    command = attr.get("command")
    command = command if isinstance(command, dict) else {}
    summary = str(attr.get("planSummary", ""))
    trace, span = _context(command)
    affected = [attr[name] for name in _AFFECTED if isinstance(attr.get(name), int)]
    return {
        "time_ns": None if ended is None else ended - duration,
        "duration_ns": duration,
        "lock_ns": _lock_ns(attr.get("locks")),
        "db_system_name": "mongodb",
        "db_namespace": database,
        "db_collection_name": collection,
        "db_query_text": orjson.dumps(command).decode() if command else "",
        "client_address": str(attr.get("remote", "")).rsplit(":", 1)[0],
        "session_id": str(record.get("ctx", "")),
        "rows_examined": _whole(attr.get("docsExamined")),
        "rows_returned": _whole(attr.get("nreturned")),
        "rows_affected": sum(affected) if affected else None,
        "full_scan": summary.startswith("COLLSCAN") if summary else None,
        "plan": _plan(summary, collection),
        "trace_id": trace,
        "span_id": span,
        "attributes": _flat({key: value for key, value in attr.items() if key not in _TAKEN}),
        "record_no": number,
        "shape": _shape(attr, command, collection),
    }


def _shape(attr: Mapping[str, Any], command: Mapping[str, Any], collection: str) -> str:
    """Return the command as one that names its verb and collection, so that like commands have one digest."""
    kind = str(attr.get("type", ""))
    original = attr.get("originatingCommand")
    if "getMore" in command and isinstance(original, dict):
        return orjson.dumps({"getMore": collection, "command": original}).decode()
    if kind in _VERBS and kind not in command:
        return orjson.dumps({"delete" if kind == "remove" else kind: collection, **command}).decode()
    return orjson.dumps(dict(command) if command else {kind or "command": collection}).decode()


def _plan(summary: str, collection: str) -> str | None:
    if not summary:
        return None
    stages = []
    for stage in summary.split(", "):
        name, _, index = stage.partition(" ")
        stages.append({"Node Type": name, "Relation Name": collection, **({"Index Name": index} if index else {})})
    return orjson.dumps({"Plan": stages[0] if len(stages) == 1 else {"Node Type": "OR", "Plans": stages}}).decode()


def _lock_ns(locks: Any) -> int | None:
    if not isinstance(locks, dict):
        return None
    micros = 0
    for lock in locks.values():
        waited = lock.get("timeAcquiringMicros") if isinstance(lock, dict) else None
        if isinstance(waited, dict):
            micros += sum(value for value in waited.values() if isinstance(value, int))
    return micros * 1000


def _context(command: Mapping[str, Any]) -> tuple[str, str]:
    comment = command.get("comment")
    if comment is None:
        return "", ""
    text = comment if isinstance(comment, str) else orjson.dumps(comment).decode()
    found = _CONTEXT.search(text.lower())
    if found is None or set(found[2]) == {"0"} or set(found[3]) == {"0"}:
        return "", ""
    return found[2], found[3]


def _log(record: Mapping[str, Any], attr: Mapping[str, Any], number: int, service: str) -> dict[str, Any]:
    level = str(record.get("s", ""))
    rest = {key: value for key, value in record.items() if key not in ("t", "s", "msg", "attr")}
    return {
        "time_ns": _time(record),
        "service_name": service,
        "severity_text": level,
        "severity_number": _SEVERITY.get(level, 0),
        "body": str(record.get("msg", "")),
        "attributes": _flat(rest | {f"attr.{key}": value for key, value in attr.items()}),
        "record_no": number,
    }


def _flat(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else orjson.dumps(value).decode()
        for key, value in values.items()
        if value is not None
    }


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


FORMAT = Format(
    name="mongodb",
    title="JSON log of mongod or mongos, 4.4 and later",
    tables=("queries", "logs"),
    sniff=_sniff,
    read=_read,
)
