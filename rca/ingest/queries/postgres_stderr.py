"""PostgreSQL's plain log (stderr, syslog, Heroku's logplex, Amazon's files), with any ``log_line_prefix``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.logs.times import GOOD, Clock
from rca.ingest.queries.blocks import whole_records
from rca.ingest.queries.buffer import Buffer, Ints
from rca.ingest.queries.clock import MISSING, fixed_times
from rca.ingest.queries.postgres_languages import in_english, speaks
from rca.ingest.queries.postgres_prefix import ATTACHED, GENERIC, Template, templates
from rca.ingest.queries.postgres_records import Emitter, Records
from rca.ingest.source import Source

__all__ = ["FORMAT", "Lines"]

_RECORD = re.compile(
    r".{0,300}?\b(?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|DETAIL|HINT|CONTEXT|STATEMENT):(?:  | (?=\S))"
)
_SERVER = re.compile(
    r"(?:LOG|ERROR|FATAL|WARNING|STATEMENT|DETAIL|CONTEXT|HINT|PANIC|NOTICE):  |LOG: +(?:duration|connection|statement|database system|checkpoint|automatic)"
)
_SURE = re.compile(
    r"(?:LOG|ERROR|FATAL|PANIC):\s+(?:[0-9A-Z]{5}: +)?(?:duration: [0-9.]+ ms|statement: |connection (?:received|authorized)|"
    r"database system (?:is|was)|checkpoint (?:starting|complete)|automatic (?:vacuum|analyze)|temporary file: |process \d+ |"
    r"disconnection: |parameter \")|DETAIL:  parameters: "
)
_WRAPPED = re.compile(
    rb"(?m)^(?![^\n]{0,300}?(?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  )"
    rb"[^\n]{0,200}?postgres(?:\.|\[)[0-9]+\]:?[^\n]{0,60}?\[[0-9]+-[0-9]+\] (?:#011|\t)?"
)


def _sniff(sample: Sample) -> Guess:
    if sample.records or sample.document is not None:
        return NO
    lines = sample.lines
    if speaks(sample.text):
        lines = [in_english(line) for line in lines]
    records = [line for line in lines if _RECORD.match(line)]
    if not records:
        return NO
    if any(_SURE.search(line) for line in records):
        return Guess(0.93, "messages of a PostgreSQL server behind their prefix")
    server = sum(bool(_SERVER.search(line)) for line in records)
    if server >= 0.8 * len(records) and len(records) >= 0.2 * len(lines):
        return Guess(0.6, "levels of a PostgreSQL server behind a prefix")
    return NO


def _read(source: Source, sink: Sink) -> None:
    head = source.head(1 << 20)[0].decode("utf-8", "replace")
    foreign = speaks(head)
    # the prefix is learned from the file's first lines, not from the first block: of a short log that lacks the last record
    sample = "\n".join(map(in_english, head.split("\n"))) if foreign else head
    reader = Lines(sink, sample.splitlines())
    for read, _ in whole_records(source, partial(_last_record, foreign=foreign)):
        reader.take(_translated(read) if foreign else read)


def _last_record(data: bytearray, end: int, *, foreign: bool) -> int:
    """Return where the last record begins, with the record it says more about: it may go on in the next block."""
    cut = end
    for _ in range(400):
        place = data.rfind(b"\n", 0, max(cut - 1, 0))
        if place < 0:
            return -1
        line = data[place + 1 : min(cut, place + 600)].decode("utf-8", "replace")
        cut = place + 1
        if line[:1] not in ("\t", "\n") and _begins(in_english(line) if foreign else line):
            return cut
    return end


def _translated(block: Buffer) -> Buffer:
    """Put the levels of a block of lines into English."""
    return Buffer("\n".join(map(in_english, block.raw().decode().split("\n"))).encode())


@dataclass(slots=True)
class _Found:
    """Lines that begin a record or say more about one."""

    line: Ints
    message: Ints
    """Where the message begins."""
    level: pl.Series
    fields: dict[str, pl.Series]


class Lines:
    """Reads blocks of lines of one log.

    Parameters
    ----------
    sample
        Its first lines, from which the prefix is learned.
    """

    def __init__(self, sink: Sink, sample: list[str]) -> None:
        self._sink = sink
        self._emitter = Emitter(sink)
        self._templates: list[Template] = [*templates(sample[:2000]), GENERIC]
        self._clock = Clock(sink.context.reference_ns, sink.context.note)

    def take(self, block: Buffer) -> None:
        """Read a block of whole records."""
        block = _unwrapped(block)
        lines = np.flatnonzero((block.bytes[block.starts] != 9) & (block.ends > block.starts))
        found = self._headers(block, lines)
        if found is None:
            self._sink.quarantine("no record of a PostgreSQL log", block.raw(0, min(block.size, 200)), 0)
            return
        self._records(block, found)

    def _headers(self, block: Buffer, lines: Ints) -> _Found | None:
        """Match the learned prefixes, the most frequent first, then any."""
        left = lines
        parts: list[_Found] = []
        for template in self._templates:
            if not len(left):
                break
            heads = block.heads(block.starts[left], block.ends[left], 500)
            groups = heads.str.extract_groups(template.pattern).struct.unnest()
            hit = groups.to_series(0).is_not_null().to_numpy()
            if not hit.any():
                continue
            groups = groups if hit.all() else groups.filter(pl.Series(hit))
            names = template.fields
            fields = {name: groups.to_series(at + 1) for at, name in enumerate(names)}
            level = fields.pop("level")
            message = block.starts[left[hit]] + groups.to_series(0).str.len_bytes().cast(pl.Int64).to_numpy()
            parts.append(_Found(left[hit], message, level, fields))
            left = left[~hit]
        return _joined(parts) if parts else None

    def _records(self, block: Buffer, found: _Found) -> None:
        ends = np.append(block.starts[found.line[1:]], block.size)
        ends = block.trimmed(found.message, ends)
        attached = found.level.is_in(ATTACHED).to_numpy()
        main = np.flatnonzero(~attached)
        if not len(main):
            attached[:] = False  # nothing to say more about: each stands for itself
            main = np.arange(len(attached))
        fields = {_named(name): values for name, values in found.fields.items()}
        if "pid" not in fields and "session" in fields:  # %c is the session's start and its process id
            number = fields["session"].str.extract(r"\.([0-9a-f]+)").str.to_integer(base=16, strict=False)
            fields["pid"] = number.cast(pl.String)
        times = self._times(block, found, fields.pop("time", None))
        owner = np.searchsorted(main, np.flatnonzero(attached)) - 1
        records = Records(
            block=block,
            starts=found.message[main],
            ends=ends[main],
            times=times[main],
            levels=found.level.gather(main),
            fields={name: _known(values.gather(main)) for name, values in fields.items()},
            tabbed=True,
        )
        self._attach(block, found, ends, np.flatnonzero(attached), owner, records, fields.get("pid"), main)
        self._emitter.emit(records)

    def _attach(
        self, block: Buffer, found: _Found, ends: Ints, extra: Ints, owner: Ints, records: Records,
        pids: pl.Series | None, main: Ints,
    ) -> None:  # fmt: skip
        """Give each DETAIL, STATEMENT and so on to the record of its session before it."""
        if not len(extra):
            return
        if pids is not None:
            mine, theirs = pids.gather(extra).to_list(), pids.gather(main[np.maximum(owner, 0)]).to_list()
            everyone = pids.gather(main).to_list() if mine != theirs else []
            for at in range(len(extra)):
                if mine[at] != theirs[at]:
                    owner[at] = next(
                        (
                            place
                            for place in range(int(owner[at]), max(-1, int(owner[at]) - 500), -1)
                            if everyone[place] == mine[at]
                        ),
                        int(owner[at]),
                    )
        text = block.text(found.message[extra], ends[extra]).str.replace_all("\n\t", "\n", literal=True)
        kinds = found.level.gather(extra)
        for kind in kinds.unique(maintain_order=True).to_list():
            rows = np.flatnonzero((kinds == kind).to_numpy())
            rows = rows[owner[rows] >= 0]
            index = np.full(len(records.starts), -1, dtype=np.int64)
            index[owner[rows]] = rows
            wanted = pl.Series(np.where(index < 0, 0, index))
            column = text.gather(wanted)
            records.fields[kind.lower()] = pl.select(pl.when(pl.Series(index >= 0)).then(column)).to_series()

    def _times(self, block: Buffer, found: _Found, texts: pl.Series | None) -> Ints:
        """Return the time of each line: at once where it begins with one of fixed width in UTC, else as the clock reads it."""
        if texts is None:
            return np.full(len(found.line), MISSING, dtype=np.int64)
        starts = block.starts[found.line]
        values, after = fixed_times(block, starts)
        simple = (values != MISSING) & (
            block.begins(after, b" UTC") | block.begins(after, b" GMT") | block.begins(after, b"Z")
        )
        rest = np.flatnonzero(~simple)
        if len(rest):
            chosen = texts.gather(rest).fill_null("")
            read, fate = self._clock.read(chosen.to_list())
            values[rest] = np.where(fate == GOOD, read, MISSING)
        return values


def _begins(line: str) -> bool:
    found = _RECORD.match(line)
    return found is not None and not any(found[0].rstrip().endswith(f"{word}:") for word in ATTACHED)


def _unwrapped(block: Buffer) -> Buffer:
    """Turn the continuation lines of syslog and logplex, which repeat a header, into lines that begin with a tab."""
    if b"app[postgres." in block or b"postgres[" in block:
        return Buffer(_WRAPPED.sub(b"\t", block.raw()))
    return block


def _named(name: str) -> str:
    return {"state": "sqlstate"}.get(name, name)


def _known(values: pl.Series) -> pl.Series:
    """``[unknown]`` is what the server writes before it knows."""
    if not bool(values.fill_null("").str.contains("[unknown]", literal=True).any()):
        return values
    return values.replace({"[unknown]": ""})


def _joined(parts: list[_Found]) -> _Found:
    """Put the lines of several templates into one order."""
    if len(parts) == 1:
        return parts[0]
    line = np.concatenate([part.line for part in parts])
    order = np.argsort(line, kind="stable")
    names = list(dict.fromkeys(name for part in parts for name in part.fields))
    fields = {}
    for name in names:
        pieces = [part.fields.get(name, pl.Series([None] * len(part.line), dtype=pl.String)) for part in parts]
        fields[name] = pl.concat(pieces).gather(order)
    return _Found(
        line[order],
        np.concatenate([part.message for part in parts])[order],
        pl.concat([part.level for part in parts]).gather(order),
        fields,
    )


FORMAT = Format(
    name="postgres",
    title="log of a PostgreSQL server as text (stderr, syslog, RDS, Heroku)",
    tables=("queries", "logs"),
    sniff=_sniff,
    read=_read,
    light=True,
)
