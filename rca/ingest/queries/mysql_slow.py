"""The slow log of MySQL, Percona Server and MariaDB, from 5.1 on.

An event is a run of header lines that holds ``# Query_time:`` and what follows up to the next header: perhaps ``use db;``,
perhaps ``SET timestamp=…;``, then the statement. ``# Time:`` is when the statement ended; the server leaves it out where
the second has not changed, and writes it without a zone before 5.7. Lines are found and told apart in numpy, fields are cut
out by regular expressions of ASCII classes, a block at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.queries.blocks import whole_records
from rca.ingest.queries.buffer import Buffer, Ints
from rca.ingest.queries.clock import MISSING
from rca.ingest.queries.columns import Statements, time_column
from rca.ingest.queries.mysql_extra import extra_columns
from rca.ingest.queries.mysql_header import Numbers, clients, numbers
from rca.ingest.queries.mysql_times import Times
from rca.ingest.source import Source

__all__ = ["FORMAT"]

_SECOND = 1_000_000_000
_HEADER = r"\A#(?: +[A-Z][A-Za-z_0-9]*: ?| No InnoDB| explain:|[ \t]*\z)"
_NO_STATEMENT = "/* No query */"


@dataclass(slots=True)
class _Events:
    """Where the events of a block are, as line numbers."""

    query: Ints
    first: Ints
    """First line of the header."""
    body: Ints
    """First line after the header."""
    end: Ints
    """First line of the next header."""
    headers: npt.NDArray[np.bool_]
    time: Ints
    """Last ``# Time:`` line up to the event, -1 where there is none in the block."""
    user: Ints
    """Line of the header that names the user, -1 where none does."""
    broken: Ints
    """First lines of headers without ``# Query_time:``."""


def _sniff(sample: Sample) -> Guess:
    if "# Query_time: " not in sample.text:
        return NO
    if any(line.startswith("# Query_time: ") for line in sample.text.splitlines()):
        return Guess(0.97, "# Query_time: lines of a slow log")
    return NO


def _read(source: Source, sink: Sink) -> None:
    reader = _Reader(sink)
    for block, at in whole_records(source, _last_header):
        reader.take(block, at)
    reader.close()


def _last_header(data: bytearray, end: int) -> int:
    """Return where the last header begins that may go on in the next block."""
    query = data.rfind(b"\n# Query_time: ", 0, end)
    while query > 0:
        line = data.rfind(b"\n", 0, query)
        if data[line + 1 : line + 2] != b"#":
            return query + 1
        query = line
    return -1


class _Reader:
    """What lasts from block to block: the database, the last time, known digests."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._statements = Statements("mysql")
        self._times = Times()
        self._database = ""
        self._banners = 0
        self._threshold = MISSING

    def take(self, block: Buffer, offset: int) -> None:
        """Read a block of whole events."""
        events = _find(block)
        for line in events.broken.tolist():
            text = block.one(int(block.starts[line]), int(block.ends[line]))
            self._sink.quarantine("a header without # Query_time:", text, offset + int(block.starts[line]))
        if events.headers.size and not len(events.query):
            self._strange(block, 0, len(block.starts), offset)
            return
        if len(events.query):
            self._strange(block, 0, int(events.first[0]), offset)
            self._events(block, events, offset)

    def close(self) -> None:
        """Say what was left out."""
        if self._banners:
            self._sink.context.note(f"the server was started {self._banners} times while this log was written")

    def _strange(self, block: Buffer, first: int, end: int, offset: int) -> None:
        """Lines before the first header: the server's banner, or the end of a statement whose header is lost."""
        for line in range(first, end):
            text = block.one(int(block.starts[line]), int(block.ends[line]))
            if ", Version: " in text and "started with" in text:
                self._banners += 1
            elif text.strip() and not text.startswith(("Tcp port:", "Time  ", "Time\t", "# Time:", "# User@Host:")):
                self._sink.quarantine("a statement without its header", text, offset + int(block.starts[line]))

    def _events(self, block: Buffer, events: _Events, offset: int) -> None:
        found = numbers(block, events.query)
        good = found.good
        for at in np.flatnonzero(~good).tolist():
            start = int(block.starts[events.first[at]])
            end = int(block.ends[max(events.end[at] - 1, events.query[at])])
            self._sink.quarantine("# Query_time: holds no number", block.one(start, end), offset + start)
        starts, ends, stamps, used = self._bodies(block, events)
        columns = self._columns(block, events, found, stamps)
        columns["db_namespace"] = pa.array(self._databases(block, used), pa.string())
        text = block.text(starts, ends)
        empty = np.flatnonzero(ends <= starts)
        if len(empty):
            text = text.scatter(empty, _NO_STATEMENT)
        columns |= self._statements.columns(text)
        tags = self._statements.members(text)
        columns |= extra_columns(block, events.first, events.body, columns, tags, switched=used >= 0)
        columns["threshold_ns"] = self._thresholds(block, text)
        table = pa.table(columns)
        self._sink.rows("queries", table if good.all() else table.filter(pa.array(good)))

    def _columns(self, block: Buffer, events: _Events, found: Numbers, stamps: Ints) -> dict[str, pa.Array]:
        times = self._times.starts(block, events.time, events.first, found.duration, stamps)
        sent, examined, affected = (pa.array(values, mask=~there) for values, there in found.counts)
        columns = {
            "time_ns": time_column(times),
            "duration_ns": pa.array(found.duration),
            "lock_ns": pa.array(found.lock, mask=~found.locked),
            "db_system_name": pa.repeat(pa.scalar("mysql"), len(times)),
            "rows_returned": sent,
            "rows_examined": examined,
            "rows_affected": affected,
        }
        return columns | clients(block, events.user)

    def _bodies(self, block: Buffer, events: _Events) -> tuple[Ints, Ints, Ints, Ints]:
        """Return where each statement begins and ends, its ``SET timestamp``, and the line that names its database."""
        line, last = events.body, events.end
        padded = np.append(block.starts, block.size)
        stamps = np.full(len(line), MISSING, dtype=np.int64)
        used = np.full(len(line), -1, dtype=np.int64)
        for _ in range(2):  # "use" comes before SET timestamp, rarely after it
            here = np.flatnonzero(line < last)
            use = here[block.begins(padded[line[here]], b"use ")]
            more = use[line[use] + 1 < last[use]]
            used[use] = line[use]
            line = line.copy()
            line[use] += 1
            here = np.flatnonzero(line < last)
            stamp = here[block.begins(padded[line[here]], b"SET timestamp=")]
            value = block.digits(padded[line[stamp]] + 14, 10)
            stamps[stamp] = np.where(value >= 0, value * _SECOND, MISSING)
            for event in stamp[value < 0].tolist():
                stamps[event] = _stamp(block, int(line[event]))
            line[stamp] += 1
            self._odd_stamps(block, line, last, stamps)
            if not len(more) and not len(stamp):
                break
        starts = padded[np.minimum(line, last)]
        ends = block.trimmed(starts, padded[last])
        ends = np.where((ends > starts) & (block.bytes[ends - 1] == 59), ends - 1, ends)
        ends = block.trimmed(starts, ends)
        starts = np.where(block.begins(starts, b"# administrator command"), starts + 2, starts)
        if b" started with" in block:
            ends = self._without_banners(block, starts, ends)
        return starts, ends, stamps, used

    def _odd_stamps(self, block: Buffer, line: Ints, last: Ints, stamps: Ints) -> None:
        """``SET last_insert_id=…,insert_id=…,timestamp=…;``."""
        here = np.flatnonzero(line < last)
        for event in here[block.begins(block.starts[line[here]], b"SET ")].tolist():
            at = int(line[event])
            text = block.one(int(block.starts[at]), int(block.ends[at]))
            if "insert_id=" in text and "timestamp=" in text and text.endswith(";"):
                stamps[event] = _stamp(block, at)
                line[event] += 1

    def _without_banners(self, block: Buffer, starts: Ints, ends: Ints) -> Ints:
        """Take the banner of a restarted server from the end of a statement."""
        ends = ends.copy()
        for at in range(len(starts)):
            start, end = int(starts[at]), int(ends[at])
            place = block.find(b" started with", start, end)
            if place < 0:
                continue
            line = block.rfind(b"\n", start, place) + 1 or start
            if b", Version: " in block.raw(line, place):
                first = line
                self._banners += block.count(b" started with", start, end)
                text = block.raw(start, first).rstrip().removesuffix(b";").rstrip()
                ends[at] = start + len(text)
        return ends

    def _databases(self, block: Buffer, used: Ints) -> list[str]:
        """Return the database of each event: the server writes ``use`` only where it changes."""
        out = []
        known: dict[bytes, str] = {}
        starts, ends = block.starts, block.ends
        for line in used.tolist():
            if line >= 0:
                raw = block.raw(int(starts[line]) + 4, int(ends[line]))
                name = known.get(raw)
                if name is None:
                    name = known[raw] = raw.decode().strip().removesuffix(";").strip().strip("`")
                self._database = name
            out.append(self._database)
        return out

    def _thresholds(self, block: Buffer, text: pl.Series) -> pa.Array:
        """Find what the log leaves out, where a statement in it sets that."""
        values = np.full(len(text), self._threshold, dtype=np.int64)
        if b"long_query_time" not in block:
            return time_column(values)
        marked = np.flatnonzero(text.str.contains("long_query_time", literal=True).to_numpy())
        for at in marked.tolist():
            found = text[at : at + 1].str.extract(
                r"(?i)\ASET\s+(?:GLOBAL\s+|@@GLOBAL\.)long_query_time\s*=\s*([0-9.]+)"
            )
            if found[0] is not None:
                self._threshold = round(float(found[0]) * _SECOND)
                values[at:] = self._threshold
        return time_column(values)


def _stamp(block: Buffer, line: int) -> int:
    text = block.one(int(block.starts[line]), int(block.ends[line]))
    digits = text.partition("timestamp=")[2].split(";")[0].split(",")[0].split(".")[0]
    return int(digits) * _SECOND if digits.isdigit() and len(digits) < 11 else MISSING


def _find(block: Buffer) -> _Events:
    """Find headers and events among the lines of a block."""
    starts, count = block.starts, len(block.starts)
    sharp = np.flatnonzero(block.bytes[starts] == 35)
    at = starts[sharp]
    is_time, is_user = block.begins(at, b"# Time: "), block.begins(at, b"# User@Host: ")
    is_query = block.begins(at, b"# Query_time: ")
    known = is_time | is_user | is_query
    rest = np.flatnonzero(~known)
    if len(rest):
        text = block.text(at[rest], block.ends[sharp[rest]])
        known[rest] = text.str.contains(_HEADER).to_numpy()
    headers = np.zeros(count + 1, dtype=np.bool_)
    headers[sharp[known]] = True
    begin = headers[:-1] & ~np.concatenate(([False], headers[:-2])) if count else headers[:0]
    run = np.cumsum(begin) - 1
    first_of_run = np.flatnonzero(begin)
    behind = np.flatnonzero(~headers[1:] & headers[:-1]) + 1
    query = sharp[is_query]
    runs = run[query]
    if len(runs):
        keep = np.append(runs[1:] != runs[:-1], True)
        query, runs = query[keep], runs[keep]
    named = np.zeros(len(first_of_run), dtype=np.bool_)
    named[run[sharp[is_time | is_user | is_query]]] = True
    full = np.zeros(len(first_of_run), dtype=np.bool_)
    full[runs] = True
    bounds = np.append(first_of_run[named], count)
    first, body = first_of_run[runs], behind[runs]
    return _Events(
        query=query,
        first=first,
        body=body,
        end=bounds[np.searchsorted(bounds, body)],
        headers=headers,
        time=_last_before(sharp[is_time], query),
        user=_user_lines(block, sharp[is_user], sharp[is_time], first, query),
        broken=first_of_run[named & ~full],
    )


def _last_before(lines: Ints, at: Ints) -> Ints:
    place = np.searchsorted(lines, at) - 1
    return np.where(place >= 0, lines[np.maximum(place, 0)], -1) if len(lines) else np.full(len(at), -1)


def _user_lines(block: Buffer, users: Ints, times: Ints, first: Ints, query: Ints) -> Ints:
    """Return the line that names the user: its own, or that of the time in logs of 5.0."""
    found = _last_before(users, query)
    found = np.where(found >= first, found, -1)
    missing = np.flatnonzero(found < 0)
    if len(missing) and len(times):
        time = _last_before(times, query[missing])
        same = (time >= first[missing]) & (time >= 0)
        text = block.text(block.starts[np.maximum(time, 0)], block.ends[np.maximum(time, 0)])
        same &= text.str.contains("# User@Host: ", literal=True).to_numpy()
        found[missing[same]] = time[same]
    return found


FORMAT = Format(
    name="mysql-slow",
    title="slow log of MySQL, Percona Server or MariaDB",
    tables=("queries",),
    sniff=_sniff,
    read=_read,
    light=True,
)
