"""PostgreSQL's jsonlog, and the JSON that clouds wrap its log in: CloudNativePG, Cloud SQL, Azure, CloudWatch.

The server's own jsonlog is decoded by Arrow a block at a time; everything else record by record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.json as pj

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.logs.times import GOOD, Clock
from rca.ingest.queries.blocks import last_line, whole_records
from rca.ingest.queries.buffer import Buffer, Ints
from rca.ingest.queries.clock import MISSING, fixed_times
from rca.ingest.queries.postgres_records import Emitter, Records
from rca.ingest.queries.postgres_stderr import Lines
from rca.ingest.source import Source

__all__ = ["FORMAT"]

_OWN = ("error_severity", "message")
_KEYS = {
    "time": ("timestamp", "log_time", "time"),
    "level": ("error_severity", "errorLevel", "severity", "error_level"),
    "message": ("message", "msg"),
    "user": ("user", "user_name", "username"),
    "database": ("dbname", "database_name", "database"),
    "pid": ("pid", "process_id", "processId"),
    "client": ("remote_host", "connection_from"),
    "session": ("session_id",),
    "ps": ("ps", "command_tag"),
    "sqlstate": ("state_code", "sql_state_code", "sqlerrcode"),
    "detail": ("detail",),
    "hint": ("hint",),
    "internal_query": ("internal_query",),
    "context": ("context",),
    "statement": ("statement", "query"),
    "application_name": ("application_name",),
    "backend_type": ("backend_type", "backendType"),
    "query_id": ("query_id", "queryId"),
}
_NUMBERS = ("pid", "query_id")
_WRAPPERS = ("record", "properties", "jsonPayload", "log", "_raw")
_TEXTS = ("textPayload", "message", "log", "msg")


def _sniff(sample: Sample) -> Guess:
    records = sample.records
    if not records:
        return NO
    if all(name in record for record in records[:5] for name in _OWN) and any(
        "error_severity" in record for record in records
    ):
        return Guess(0.96, "error_severity and message of PostgreSQL's jsonlog")
    wrapped = sum(_inner(record) is not None for record in records)
    if wrapped >= 0.3 * len(records):
        return Guess(0.94, "records of a PostgreSQL server in a wrapper")
    lines = sum(_line(record) is not None for record in records)
    return Guess(0.92, "lines of a PostgreSQL server in a wrapper") if lines >= 0.5 * len(records) else NO


def _inner(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the record of the server inside a wrapper."""
    if "error_severity" in record and "message" in record:
        return record
    for key in _WRAPPERS:
        value = record.get(key)
        if isinstance(value, str) and value[:1] == "{" and "error_severity" in value:
            value = _decoded(value.encode())
        if isinstance(value, Mapping) and (
            "error_severity" in value or ("errorLevel" in value and "processId" in value)
        ):
            return value
    return None


def _line(record: Mapping[str, Any]) -> str | None:
    """Return the line of the server's text log inside a wrapper."""
    for key in _TEXTS:
        value = record.get(key)
        if isinstance(value, str) and _marked(value):
            return value
    payload = record.get("jsonPayload") or record.get("properties")
    return _line(payload) if isinstance(payload, Mapping) else None


def _marked(text: str) -> bool:
    head = text[:400]
    return any(
        f"{level}:  " in head
        for level in ("LOG", "ERROR", "FATAL", "STATEMENT", "DETAIL", "WARNING", "CONTEXT", "HINT")
    )


def _decoded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _read(source: Source, sink: Sink) -> None:
    reader = _Reader(sink)
    for block, at in whole_records(source, last_line):
        reader.take(block, at)


class _Reader:
    """Reads blocks of lines of JSON."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._emitter = Emitter(sink)
        self._clock = Clock(sink.context.reference_ns, sink.context.note)
        self._lines: Lines | None = None
        self._own = True
        schema = [(names[0], pa.int64() if field in _NUMBERS else pa.string()) for field, names in _KEYS.items()]
        self._options = pj.ParseOptions(explicit_schema=pa.schema(schema), unexpected_field_behavior="ignore")

    def take(self, block: Buffer, offset: int) -> None:
        """Read a block of lines."""
        table = self._quick(block) if self._own else None
        if table is not None:
            self._emit(table)
            return
        self._own = False
        self._slowly(block.raw(), offset)

    def _quick(self, block: Buffer) -> pl.DataFrame | None:
        """Return a block of the server's own jsonlog, or None where a line is something else."""
        if block.count(b'"error_severity":"') != len(block.starts):
            return None
        options = pj.ReadOptions(use_threads=False, block_size=block.size + 1)
        try:
            table = pj.read_json(pa.BufferReader(block.arrow), options, self._options)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101  (from_arrow of a table is a frame)
        if frame["message"].null_count() or frame["error_severity"].null_count():
            return None
        names = {names[0]: field for field, names in _KEYS.items()}
        return frame.rename(names).with_columns(pl.col(name).cast(pl.String) for name in _NUMBERS)

    def _emit(self, frame: pl.DataFrame) -> None:
        block, starts, ends = Buffer.of(frame["message"])
        fields = {
            name: frame[name]
            for name in frame.columns
            if name not in ("time", "level", "message") and frame[name].null_count() < frame.height
        }
        if "query_id" in fields:
            fields["query_id"] = fields["query_id"].replace({"0": ""})
        self._emitter.emit(Records(block, starts, ends, self._times(frame["time"]), frame["level"], fields))

    def _times(self, texts: pl.Series) -> Ints:
        block, starts, _ = Buffer.of(texts)
        values, after = fixed_times(block, starts)
        simple = (values != MISSING) & (
            block.begins(after, b" UTC") | block.begins(after, b" GMT") | block.begins(after, b"Z")
        )
        rest = np.flatnonzero(~simple)
        if len(rest):
            read, fate = self._clock.read(texts.gather(rest).fill_null("").to_list())
            values[rest] = np.where(fate == GOOD, read, MISSING)
        return values

    def _slowly(self, data: bytes, offset: int) -> None:
        rows: list[dict[str, str | None]] = []
        lines: list[str] = []
        at = offset
        for raw in data.split(b"\n"):
            place, at = at, at + len(raw) + 1
            if not raw.strip():
                continue
            record = _decoded(raw)
            if not isinstance(record, dict):
                self._sink.quarantine("no JSON object", raw, place)
                continue
            inner, line = _inner(record), None
            if inner is None:
                line = _line(record)
            if line is not None:
                lines.append(_whole(line, record))
                continue
            rows.append(_row(inner, record) if inner is not None else _other(record))
        if rows:
            names = list(dict.fromkeys(name for row in rows for name in row))
            self._emit(
                pl.DataFrame(
                    {name: [row.get(name) for row in rows] for name in names}, schema=dict.fromkeys(names, pl.String)
                )
            )
        if lines:
            self._text(lines)

    def _text(self, lines: list[str]) -> None:
        self._lines = self._lines or Lines(self._sink, lines)
        text = "\n".join(line.replace("\n", "\n\t") for line in lines) + "\n"
        self._lines.take(Buffer(text.encode("utf-8", "replace")))


def _row(inner: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the fields of a wrapped record under the names of the log."""
    row: dict[str, str | None] = {"time": None, "level": None, "message": ""}
    known = set()
    for field, names in _KEYS.items():
        for name in names:
            value = inner.get(name)
            if value is not None:
                row[field] = _text_of(value)
                known.add(name)
                break
    row["time"] = row["time"] or _text_of(record.get("timestamp") or record.get("time") or record.get("ts") or "")
    if row.get("client"):
        row["client"] = str(row["client"]).rsplit(":", 1)[0] if str(row["client"]).count(":") == 1 else row["client"]
    for name, value in inner.items():
        if name not in known and name not in _IGNORED and value not in (None, ""):
            row[name] = _text_of(value)
    return row


_IGNORED = frozenset(
    (
        "session_line_num",
        "line_num",
        "session_start_time",
        "session_start",
        "virtual_transaction_id",
        "vxid",
        "timestamp",
    )
)


def _other(record: Mapping[str, Any]) -> dict[str, str | None]:
    """Return a record of the wrapper itself: an operator's, a proxy's."""
    message = record.get("msg") or record.get("message") or record.get("textPayload")
    level = str(record.get("level") or record.get("severity") or "").upper()
    row: dict[str, str | None] = {
        "time": _text_of(record.get("ts") or record.get("time") or record.get("timestamp") or ""),
        "level": level,
        "message": _text_of(message if message is not None else record),
    }
    for name, value in record.items():
        if name not in ("msg", "message", "textPayload", "ts", "time", "timestamp", "level", "severity"):
            row[name] = _text_of(value)
    return row


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _whole(line: str, record: Mapping[str, Any]) -> str:
    """Give a line without a time the one of its wrapper."""
    stamp = record.get("timestamp") or record.get("time")
    if isinstance(stamp, str) and not line.lstrip()[:4].isdigit():
        return f"{stamp} {line.lstrip()}"
    return line


FORMAT = Format(
    name="postgres-json",
    title="jsonlog of a PostgreSQL server, also inside CloudNativePG, Cloud SQL and Azure",
    tables=("queries", "logs"),
    sniff=_sniff,
    read=_read,
    light=True,
)
