"""From blocks of lines to rows: what begins a record, what goes on with one, what cannot be understood."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa

from rca.ingest.contract import Sink
from rca.ingest.logs.continuations import goes_on, join
from rca.ingest.logs.dayless import Days
from rca.ingest.logs.envelopes import (
    CRI,
    Partials,
    compose_row,
    docker_part,
    docker_row,
    line_row,
    pod_of,
)
from rca.ingest.logs.jsonfast import Fast, decode_block
from rca.ingest.logs.jsonplan import Plan, learn
from rca.ingest.logs.jsonrows import UnreadableError, decode_object, is_json, object_row
from rca.ingest.logs.levels import level_of_plain
from rca.ingest.logs.rows import Row, canonical, without_ansi
from rca.ingest.logs.times import Clock
from rca.ingest.source import Block, Source
from rca.ingest.templates import Miner

_FEW_LINES = 64
_SPREAD_LINES, _SPREAD_BYTES = 2000, 1 << 20
"""How far a JSON record may go on over lines, as Elasticsearch writes the traces in its own log."""
_BLOCK = 6 << 20

__all__ = ["Batch", "LineReader", "read_compose", "read_lines"]


def _as_latin(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 are taken for Windows' Latin letters: nothing of them is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("rca-latin", _as_latin)


@dataclass(slots=True)
class _Bad:
    line: int
    reason: str
    excerpt: bytes
    offset: int


@dataclass(slots=True)
class Batch:
    """What a block gave so far."""

    rows: list[Row] = field(default_factory=list)
    bad: list[_Bad] = field(default_factory=list)
    joined: list[list[str]] = field(default_factory=list)
    """Lines that continue a row, by row."""

    def add(self, row: Row) -> None:
        """Take a row that no line continues yet."""
        self.rows.append(row)
        self.joined.append([])


class LineReader:
    """Reads one input of lines into a sink.

    Parameters
    ----------
    source, sink
        What to read and where to put it.
    compose
        Whether lines carry the container's name before a bar.
    """

    def __init__(self, source: Source, sink: Sink, *, compose: bool = False) -> None:
        self.source, self.sink, self.compose = source, sink, compose
        self.clock = Clock(sink.context.reference_ns, sink.context.note, days=Days(source.name))
        self.miner = Miner()
        self.partials = Partials()
        self.resource = pod_of(source.path)
        self.service = sink.context.service_name or self.resource.get("k8s.container.name", "")
        self._carry, self._carry_at = b"", 0
        self._open_text = False
        """Whether the row at hand is a line of text with a time, which lines without one continue."""
        self._open_plain = False
        self._encoding_noted = False
        self._plan: Plan | None = None
        self._attempts = 8
        """How often yet the form of JSON lines may be learned anew."""
        self._pieces: list[bytes] = []
        self._next, self._waits = 0, -1
        self._last = False
        """The first line of the block that no record has taken, and the one whose end lies in the next block."""

    def run(self) -> None:
        """Read everything."""
        for block in self.source.blocks(_BLOCK):
            if block.oversized:
                self._flush_carry()
                size = self.source.limits.line_bytes
                self.sink.quarantine(f"a line longer than {size:,} bytes", block.data[:1000], block.offset)
                self._open_text = self._open_plain = False
            else:
                self.feed(block)
        self._flush_carry()
        for stream in list(self.partials.pieces):
            batch = Batch()
            batch.add(self.partials.close(stream, 0))
            self.emit(batch)
        self.miner.finish(self.sink)

    def _flush_carry(self) -> None:
        carry, self._carry = self._carry, b""
        if carry:
            self.lines(carry, self._carry_at, last=True)

    def feed(self, block: Block) -> None:
        """Read whole lines; the last record of text waits for what may continue it."""
        data, at = block.data, block.offset
        if self._carry:
            data, at = self._carry + data, self._carry_at
            self._carry = b""
        if at == 0:
            data = data.removeprefix(b"\xef\xbb\xbf")
        if data[:1] == b"{" and self._fast(data, at):
            return
        held = self.lines(data, at, last=len(data) > self.source.limits.line_bytes)
        if held is not None:
            self._carry, self._carry_at = data[held:], at + held

    def _fast(self, data: bytes, at: int) -> bool:
        """Read a block of JSON lines as columns; False where it has to be read line by line."""
        if self._attempts <= 0 or data.count(b"\n") < _FEW_LINES:
            return False
        pieces, starts = _split(data)
        fast = None
        for _ in range(2):
            if self._plan is None:
                self._attempts -= 1
                self._plan = learn([*pieces[:200], *pieces[:: max(1, len(pieces) // 300)]])
            if self._plan is None:
                return False
            fast = decode_block(self._plan, pieces, data, self.clock, self.service)
            if fast is not None:
                break
            self._plan = None
        if fast is None:
            return False
        batch, before = Batch(), -1
        self._begin(pieces)
        for number in fast.odd:
            if number < self._next:
                continue
            line = pieces[number]
            if number != before + 1:
                self._open_text = self._open_plain = False
            before = number
            self._line(line, number, batch, at + int(starts[number]))
            if self._open_text or self._waits >= 0:
                return False
        if fast.odd and fast.odd[-1] == len(pieces) - 1 and self._open_plain:
            return False
        self.emit(batch, fast)
        return True

    def lines(self, data: bytes, at: int, *, last: bool) -> int | None:
        """Read lines; return where the record begins that may go on in the next block, unless this is the last."""
        pieces, starts = _split(data)
        batch = Batch()
        self._begin(pieces, last=last)
        for number, piece in enumerate(pieces):
            if number >= self._next:
                self._line(piece, number, batch, at + int(starts[number]))
                if self._waits >= 0:
                    self.emit(batch)
                    return int(starts[self._waits])
        held = None
        if not last and (self._open_text or self._open_plain) and batch.rows:
            row = batch.rows.pop()
            batch.joined.pop()
            held = int(starts[row.line])
            batch.bad = [one for one in batch.bad if one.line < row.line]
        self.emit(batch)
        return held

    def _begin(self, pieces: list[bytes], *, last: bool = False) -> None:
        self._pieces, self._last = pieces, last
        self._next, self._waits = 0, -1
        self._open_text = self._open_plain = False

    def _spread(self, number: int) -> bytes | None:
        """Return the whole of a JSON record that goes on over the next lines, or None where it does not."""
        size = len(self._pieces[number])
        for at in range(number + 1, min(len(self._pieces), number + _SPREAD_LINES)):
            line = self._pieces[at]
            size += len(line) + 1
            if line[:1] == b"{" or size > _SPREAD_BYTES:
                return None
            if line.rstrip()[-1:] == b"}":
                whole = b"\n".join(self._pieces[number : at + 1])
                try:
                    decode_object(whole)
                except UnreadableError:
                    continue
                self._next = at + 1
                return whole
        if not self._last and len(self._pieces) - number < _SPREAD_LINES:
            self._waits = number
        return None

    def _line(self, piece: bytes, number: int, batch: Batch, offset: int) -> None:
        line = piece[:-1] if piece[-1:] == b"\r" else piece
        if line[:1] == b"{" or (line[:1].isspace() and line.lstrip()[:1] == b"{"):
            self._json(line, number, batch, offset)
        else:
            self._text(line, number, batch, offset)

    def _json(self, line: bytes, number: int, batch: Batch, offset: int) -> None:
        try:
            value = decode_object(line)
        except UnreadableError as error:
            if self._open_text:
                batch.joined[-1].append(self._decode(line))
                return
            repaired = self._repaired(line) or (self._spread(number) if "unexpected end" in str(error) else None)
            if self._waits >= 0:
                return
            if repaired is None:
                batch.bad.append(_Bad(number, str(error), line, offset))
                self._open_plain = False
                return
            line, value = repaired, decode_object(repaired)
        if docker_part(value):
            stream, text, outer = docker_row(value, number)
            whole = self.partials.add(stream, text, outer, ends=text.endswith("\n") or len(text) < 16_000)
            if whole is not None:
                batch.add(whole)
            self._open_text = self._open_plain = False
            return
        row = object_row(line, value, number)
        if self._open_text and not row.time:
            batch.joined[-1].append(self._decode(line))
            return
        batch.add(row)
        self._open_text = self._open_plain = False

    def _repaired(self, line: bytes) -> bytes | None:
        """Return a record whose only fault is its encoding, as UTF-8."""
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            repaired = self._decode(line).encode("utf-8", "surrogatepass")
            try:
                decode_object(repaired)
            except UnreadableError:
                return None
            return repaired
        return None

    def _decode(self, line: bytes) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            if not self._encoding_noted:
                self._encoding_noted = True
                self.sink.context.note("some bytes are not UTF-8: read as Windows-1252")
            return line.decode("utf-8", "rca-latin")

    def _text(self, line: bytes, number: int, batch: Batch, offset: int) -> None:
        written = self._decode(line)
        text = without_ansi(written)
        if not text.strip():
            if self._open_text:
                batch.joined[-1].append("")
            return
        row = self._enveloped(text, number)
        if row is _PENDING:
            return
        if row is None:
            row, continues = line_row(text, number)
            if row is not None:
                if text is not written:
                    row.keep("log.record.original", written)
                batch.add(row)
                self._open_text, self._open_plain = continues, False
                return
        if row is not None:
            batch.add(row)
            self._open_text = self._open_plain = False
        elif self._open_text or (self._open_plain and goes_on(text, batch.rows[-1], batch.joined[-1])):
            batch.joined[-1].append(text)
        elif text.lstrip()[:1] in "[{" and is_json(line):
            batch.bad.append(_Bad(number, "a JSON array where a record is expected", line, offset))
            self._open_plain = False
        else:
            batch.add(Row(number, body=text, level=level_of_plain(text)))
            self._open_plain = True

    def _enveloped(self, text: str, number: int) -> Row | None:
        found = CRI.fullmatch(text) if text[:1].isdigit() else None
        if found:
            outer = Row(number, time=found["time"])
            outer.keep("stream", found["stream"])
            whole = self.partials.add(found["stream"], found["log"] or "", outer, ends=found["flag"] == "F")
            self._open_text = self._open_plain = False
            return whole if whole is not None else _PENDING
        if self.compose:
            return compose_row(text, number)
        return None

    def emit(self, batch: Batch, fast: Fast | None = None) -> None:
        """Turn a batch into columns and hand them on, in the order of the input."""
        for row, more in zip(batch.rows, batch.joined, strict=True):
            if more:
                join(row, more)
        columns = canonical(batch.rows, self.clock, self.service)
        bad = [*batch.bad, *(_far(row) for row in columns.overflow)]
        table, lines = columns.table, columns.lines
        if fast is not None and fast.table.num_rows:
            parts = [_completed(fast.table), *([table] if table.num_rows else [])]
            lines = np.concatenate([fast.lines, lines]) if table.num_rows else fast.lines
            table = pa.concat_tables(
                [part.select(parts[0].schema.names) for part in parts], promote_options="permissive"
            )
        table = _with_templates(table, self.miner)
        if self.resource:
            table = table.append_column(
                "resource_attributes", pa.repeat(pa.scalar(orjson.dumps(self.resource).decode()), table.num_rows)
            )
        if not bad and fast is None:
            self.sink.rows("logs", table)
            return
        order = np.argsort(np.concatenate([lines, np.array([one.line for one in bad], np.int64)]), kind="stable")
        numbers = np.empty(len(order), np.int64)
        numbers[order] = np.arange(len(order)) + self.sink.reserve(len(order))
        if len(lines):
            self.sink.rows("logs", table.append_column("record_no", pa.array(numbers[: len(lines)])))
        for one, record_no in zip(bad, numbers[len(lines) :], strict=True):
            self.sink.quarantine(one.reason, one.excerpt, one.offset, record_no=int(record_no))


_PENDING = Row(-1)
"""Stands for a piece of a record whose end has not come."""


def _far(row: Row) -> _Bad:
    text = f"{row.keys.get('time', 'time')} {row.time} {row.body}"
    return _Bad(row.line, "a time that does not fit 64 bits", text.encode("utf-8", "replace"), 0)


def _split(data: bytes) -> tuple[list[bytes], npt.NDArray[np.int64]]:
    """Return the lines of a block and where each begins."""
    pieces = data.split(b"\n")
    if not pieces[-1]:
        pieces.pop()
    starts = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)) + 1, out=starts[1:])
    return pieces, starts


def _completed(table: pa.Table) -> pa.Table:
    """Return columns of the fast path with those that only other records have."""
    table = table.append_column("observed_time_ns", pa.nulls(table.num_rows, pa.int64()))
    return table.append_column("template", pa.repeat(pa.scalar("", pa.string()), table.num_rows))


def _with_templates(table: pa.Table, miner: Miner) -> pa.Table:
    bodies = pl.Series(table.column("body"))
    given = pl.Series(table.column("template"))
    mined = miner.templates(bodies, given)
    at = table.schema.names.index("template")
    return table.set_column(at, "template", mined.to_arrow().cast(pa.string()))


def read_lines(source: Source, sink: Sink) -> None:
    """Read a file of lines: JSON, text, or both."""
    LineReader(source, sink).run()


def read_compose(source: Source, sink: Sink) -> None:
    """Read the output of `docker compose logs`."""
    LineReader(source, sink, compose=True).run()
