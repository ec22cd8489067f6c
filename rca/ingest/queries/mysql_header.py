"""The two header lines that every event of a MySQL slow log has: who asked, and the numbers.

Lines as servers write them are read all at once; the few others by regular expressions that say what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from rca.ingest.queries.buffer import Buffer, Ints, Mask
from rca.ingest.queries.columns import arrow_text
from rca.ingest.queries.cursor import Cursor

__all__ = ["Numbers", "clients", "numbers"]

_QUERY = (
    r"\A# Query_time: +([0-9]+(?:\.[0-9]+)?)(?:[ \t]+Lock_time: +([0-9]+(?:\.[0-9]+)?))?(?:[ \t]+Rows_sent: +([0-9]+))?"
    r"(?:[ \t]+Rows_examined: +([0-9]+))?(?:[ \t]+Rows_affected: +([0-9]+))?(?:[ \t]+[A-Z][^\n]*|[ \t]*)\z"
)
_USER = (
    r"# User@Host: ([^\[\n]*(?:\[SQL_SLAVE\])?)\[([^\n]*?)\]+ +@ +([^\[\n ]*) *\[([^\]\n]*)\](?:[ \t]+Id: +([0-9]+))?"
)
_NANO = 9
_COUNTS = (b"Rows_sent:", b"Rows_examined:", b"Rows_affected:")


@dataclass(slots=True)
class Numbers:
    """The numbers of events, each with a mask of where it is given."""

    good: Mask
    """Whether the line holds numbers at all."""
    duration: Ints
    lock: Ints
    locked: Mask
    counts: tuple[tuple[Ints, Mask], ...]
    """Rows sent, examined, affected."""


def numbers(block: Buffer, lines: Ints) -> Numbers:
    """Return the numbers of ``# Query_time:`` lines."""
    cursor = Cursor(block, block.starts[lines], block.ends[lines])
    cursor.literal(b"# Query_time: ")
    cursor.spaces()
    duration = cursor.decimal(_NANO)
    locked = cursor.named(b"Lock_time:")
    lock = cursor.decimal(_NANO, locked)
    counts = []
    for name in _COUNTS:
        there = cursor.named(name)
        counts.append((cursor.number(there), there))
    rest = block.ends[lines] - cursor.at
    cursor.fails((rest > 0) & ~_more(block, cursor))
    found = Numbers(np.ones(len(lines), dtype=np.bool_), duration, lock, locked, tuple(counts))
    odd = np.flatnonzero(~cursor.good)
    if len(odd):
        _slowly(block, lines, odd, found)
    return found


def _more(block: Buffer, cursor: Cursor) -> Mask:
    """Whether further fields follow."""
    before = cursor.at
    cursor.spaces()
    first = block.bytes[cursor.at]
    more: Mask = (cursor.at > before) & (first >= ord("A")) & (first <= ord("Z"))
    return more


def _slowly(block: Buffer, lines: Ints, odd: Ints, found: Numbers) -> None:
    text = block.text(block.starts[lines[odd]], block.ends[lines[odd]])
    groups = text.str.extract_groups(_QUERY).struct.unnest().get_columns()
    found.good[odd] = groups[0].is_not_null().to_numpy()
    found.duration[odd] = _nanoseconds(groups[0])
    found.lock[odd], found.locked[odd] = _nanoseconds(groups[1]), groups[1].is_not_null().to_numpy()
    for (values, there), group in zip(found.counts, groups[2:], strict=True):
        count = group.cast(pl.Int64, strict=False)
        values[odd], there[odd] = count.fill_null(0).to_numpy(), count.is_not_null().to_numpy()


def _nanoseconds(seconds: pl.Series) -> Ints:
    return (seconds.cast(pl.Float64).fill_null(0.0).clip(0, 9.0e9) * 1e9).round().cast(pl.Int64).to_numpy()


def clients(block: Buffer, lines: Ints) -> dict[str, pa.Array]:
    """Return user, address and session of events; `lines` name the users, -1 where none does."""
    known = np.flatnonzero(lines >= 0)
    starts, ends = block.starts[lines[known]], block.ends[lines[known]]
    cursor = Cursor(block, starts, ends)
    cursor.literal(b"# User@Host: ")
    cursor.spaces()
    first = cursor.at
    last = block.trimmed(first, cursor.until(b"["))
    cursor.literal(b"[")
    cursor.fails(block.begins(cursor.at, b"SQL_SLAVE]"))
    inner = cursor.at
    closed = cursor.until(b"]")
    first, last = _either(first, last, inner, closed)
    cursor.literal(b"] @ ")
    cursor.spaces()
    host = cursor.at
    address, blank = cursor.find(b"["), cursor.find(b" ")
    named = np.minimum(address, blank)
    cursor.at = named
    cursor.spaces()
    cursor.fails(cursor.at != address)
    cursor.literal(b"[")
    inner = cursor.at
    host, named = _either(inner, cursor.until(b"]"), host, named)
    cursor.literal(b"]")
    good = cursor.good.copy()
    there = cursor.named(b"Id:")
    session = cursor.at
    cursor.number(there)
    columns = {"db_user": (first, last), "client_address": (host, named), "session_id": (session, cursor.at)}
    texts = [_text(block, len(lines), known, *slices) for slices in columns.values()]
    odd = np.flatnonzero(~(good & cursor.good))
    if len(odd):
        values = _users_slowly(block, starts[odd], ends[odd])
        texts = [text.scatter(known[odd], value) for text, value in zip(texts, values, strict=True)]
    return {name: arrow_text(text) for name, text in zip(columns, texts, strict=True)}


def _either(first: Ints, last: Ints, other: Ints, other_last: Ints) -> tuple[Ints, Ints]:
    """Return the slices that hold something, else the others."""
    full = last > first
    return np.where(full, first, other), np.where(full, last, other_last)


def _text(block: Buffer, count: int, at: Ints, starts: Ints, ends: Ints) -> pl.Series:
    if len(at) == count:
        return block.text(starts, ends)
    every_start, every_end = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    every_start[at], every_end[at] = starts, ends
    return block.text(every_start, every_end)


def _users_slowly(block: Buffer, starts: Ints, ends: Ints) -> tuple[pl.Series, pl.Series, pl.Series]:
    groups = block.text(starts, ends).str.extract_groups(_USER).struct.unnest().get_columns()
    user, inner, host, address, session = groups
    user = user.str.strip_chars(" ")
    user = pl.select(pl.when(user == "").then(inner).otherwise(user)).to_series()
    client = pl.select(pl.when(address == "").then(host).otherwise(address)).to_series()
    return user.fill_null(""), client.fill_null(""), session.fill_null("")
