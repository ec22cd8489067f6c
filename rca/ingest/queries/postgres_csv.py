"""PostgreSQL's csvlog: 22 columns up to version 8.4, 23 up to 12, 24 in 13, 26 from 14 on."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pc

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.logs.times import GOOD, Clock
from rca.ingest.queries.blocks import whole_records
from rca.ingest.queries.buffer import Buffer, Ints
from rca.ingest.queries.clock import MISSING, fixed_times
from rca.ingest.queries.postgres_records import Emitter, Records
from rca.ingest.source import Source

__all__ = ["FORMAT"]

_NAMES = (
    "log_time", "user", "database", "pid", "client", "session", "line", "ps", "session_start", "vxid", "txid", "level",
    "sqlstate", "message", "detail", "hint", "internal_query", "internal_query_pos", "context", "statement", "query_pos",
    "location", "application_name", "backend_type", "leader_pid", "query_id",
)  # fmt: skip
_USED = ("user", "database", "pid", "client", "session", "line", "ps", "txid", "sqlstate", "detail", "hint", "internal_query", "context",
         "statement", "application_name", "backend_type", "query_id")  # fmt: skip
_START = re.compile(
    r'"?[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[^,"]*"?,(?:"(?:[^"]|"")*"|[^,"]*),(?:"(?:[^"]|"")*"|[^,"]*),"?[0-9]+"?,'
)
_LEVELS = re.compile(r',"?(?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?)"?,"?[0-9A-Z]{5}"?,')
_RECORD = re.compile(
    rb'\n"?[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[^\n]{0,400}?,"?[0-9]+"?,[^\n]{0,400}?,[0-9a-f]+\.[0-9a-f]+'
)


def _sniff(sample: Sample) -> Guess:
    starts = [line for line in sample.lines if _START.match(line)]
    if starts and any(_LEVELS.search(line) for line in starts):
        return Guess(0.96, "the columns of PostgreSQL's csvlog")
    return NO


def _read(source: Source, sink: Sink) -> None:
    reader = _Reader(sink)
    for block, at in whole_records(source, _last_record):
        reader.take(block, at)


def _last_record(data: bytearray, end: int) -> int:
    """Return where the last record begins: a line that starts like one, outside of quotes.

    Quotes are counted from the beginning, since a block may end within some; from the end where one too many stands before.
    """
    before, after, second = data.count(b'"', 0, end), 0, -1
    place = data.rfind(b"\n", 0, max(end - 1, 0))
    while place >= 0:  # line by line: a search for all would try the gaps of the pattern on every one
        between = data.count(b'"', place, end)
        before, after, end = before - between, after + between, place
        if (before % 2 == 0 or (after % 2 == 0 and second < 0)) and _RECORD.match(data, place):
            if before % 2 == 0:
                return place + 1
            second = place + 1
        place = data.rfind(b"\n", 0, place)
    return second


class _Reader:
    """Reads blocks of whole records."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._emitter = Emitter(sink)
        self._clock = Clock(sink.context.reference_ns, sink.context.note)

    def take(self, lines: Buffer, offset: int) -> None:
        """Read a block."""
        table = self._table(lines, offset)
        if table is None or not table.num_rows:
            return
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101  (from_arrow of a table is a frame)
        block, starts, ends = Buffer.of(frame["message"])
        fields = {name: frame[name] for name in _USED if name in frame.columns}
        fields["client"] = _host(fields["client"])
        if "query_id" in fields:
            fields["query_id"] = _nonzero(fields["query_id"])
        self._emitter.emit(Records(block, starts, ends, self._times(frame["log_time"]), frame["level"], fields))

    def _table(self, lines: Buffer, offset: int) -> pa.Table | None:
        text = lines.raw(0, min(lines.size, 1 << 20)).decode("utf-8", "replace")
        text = text.replace("\r", " ")  # a stray one is no end of a line
        first = next(csv.reader(io.StringIO(text)), [])
        width = len(first)
        if width < 14:
            self._sink.quarantine("too few columns for PostgreSQL's csvlog", lines.raw(0, min(lines.size, 200)), offset)
            return None
        names = [*_NAMES, *(f"column_{at}" for at in range(len(_NAMES), width))][:width]
        wanted = [name for name in names if name in _USED or name in ("log_time", "level", "message")]
        bad: list[pc.InvalidRow] = []

        def strange(row: pc.InvalidRow) -> str:
            bad.append(row)
            return "skip"

        try:
            return pc.read_csv(
                pa.BufferReader(lines.arrow),
                read_options=pc.ReadOptions(column_names=names, block_size=lines.size + 1, use_threads=False),
                parse_options=pc.ParseOptions(newlines_in_values=True, invalid_row_handler=strange),
                convert_options=pc.ConvertOptions(
                    include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            self._sink.quarantine(f"no CSV: {error}", lines.raw(0, min(lines.size, 200)), offset)
            return None
        finally:
            self._other_width(bad, offset)

    def _other_width(self, bad: list[pc.InvalidRow], offset: int) -> None:
        """Rows of another version of the server are read by themselves."""
        by_width: dict[int, list[str]] = {}
        for row in bad:
            text = row.text if row.text is not None else ""
            if row.actual_columns >= 14 and text:
                by_width.setdefault(row.actual_columns, []).append(text)
            else:
                self._sink.quarantine(f"{row.actual_columns} columns, expected {row.expected_columns}", text, offset)
        for rows in by_width.values():
            self.take(Buffer(("\n".join(rows) + "\n").encode()), offset)

    def _times(self, texts: pl.Series) -> Ints:
        block, starts, _ = Buffer.of(texts)
        values, after = fixed_times(block, starts)
        simple = (values != MISSING) & (block.begins(after, b" UTC") | block.begins(after, b" GMT"))
        rest = np.flatnonzero(~simple)
        if len(rest):
            read, fate = self._clock.read(texts.gather(rest).fill_null("").to_list())
            values[rest] = np.where(fate == GOOD, read, MISSING)
        return values


def _host(clients: pl.Series) -> pl.Series:
    """``10.0.0.1:54321`` is a host and a port."""
    return clients.fill_null("").str.replace(r":[0-9]+\z", "")


def _nonzero(values: pl.Series) -> pl.Series:
    return values.replace({"0": ""})


FORMAT = Format(
    name="postgres-csv",
    title="csvlog of a PostgreSQL server",
    tables=("queries", "logs"),
    sniff=_sniff,
    read=_read,
    light=True,
)
