"""How messages of PostgreSQL begin that tell how long a statement took.

``duration: 12.3 ms  statement: …`` and ``duration: 12.3 ms  execute name: …`` are read all at once, the rest by a regular
expression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from rca.ingest.queries.buffer import Buffer, Ints, Mask
from rca.ingest.queries.cursor import Cursor

__all__ = ["Heads", "heads"]

_HEAD = (
    r"\A(duration: ([0-9]+(?:\.[0-9]+)?) ms(?:  (statement|execute|parse|bind|plan|fastpath function call)"
    r"((?: [^:\n]*)?):[ ]?)?)"
)
_MOST_MS = 9.2e12
_STEPS = ("parse", "bind")
_LONGEST = 240
_SPACE, _COLON = ord(" "), ord(":")


@dataclass(slots=True)
class Heads:
    """What the beginnings of messages say."""

    good: Mask
    """Whether a length stands there, of more than a step of a statement."""
    length: Ints
    """Bytes of the beginning; the statement comes after it."""
    duration: Ints
    """Nanoseconds."""
    bare: Mask
    """Whether nothing but the length is said."""
    planned: Mask
    """Whether a plan follows."""


def heads(block: Buffer, starts: Ints, ends: Ints) -> Heads:
    """Return what messages that begin with ``duration: `` say of lengths."""
    cursor = Cursor(block, starts, ends)
    cursor.literal(b"duration: ")
    duration = cursor.decimal(6)
    cursor.literal(b" ms  ")
    said = block.begins(cursor.at, b"statement:")
    executed = block.begins(cursor.at, b"execute ")
    cursor.fails(~(said | executed))
    colon = np.where(said, cursor.at + len("statement"), cursor.at)
    named = np.flatnonzero(executed & cursor.good)
    if len(named):
        name = Cursor(block, cursor.at[named], np.minimum(ends[named], starts[named] + _LONGEST))
        colon[named] = name.until(b":")
        cursor.good[named] &= name.good & (name.find_from(cursor.at[named], b"\n") > colon[named])
    after = np.minimum(colon + 1, ends)
    after += (block.bytes[after] == _SPACE) & (after < ends)
    none = np.zeros(len(starts), dtype=np.bool_)
    found = Heads(cursor.good.copy(), after - starts, duration, none, none.copy())
    odd = np.flatnonzero(~cursor.good)
    if len(odd):
        _slowly(block, starts, ends, odd, found)
    return found


def _slowly(block: Buffer, starts: Ints, ends: Ints, odd: Ints, found: Heads) -> None:
    text = block.heads(starts[odd], ends[odd], _LONGEST)
    shown, duration, kind, _ = text.str.extract_groups(_HEAD).struct.unnest().get_columns()
    # a length beyond 64 bits of nanoseconds is none
    sane = (duration.cast(pl.Float64, strict=False) < _MOST_MS).fill_null(value=False)
    good = (shown.is_not_null() & sane & ~kind.is_in(_STEPS).fill_null(value=False)).to_numpy()
    found.good[odd] = good
    found.length[odd] = shown.str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy()
    known = pl.select(pl.when(pl.Series(good)).then(duration.cast(pl.Float64, strict=False)).otherwise(0.0)).to_series()
    found.duration[odd] = (known * 1e6).round().cast(pl.Int64).to_numpy()
    found.bare[odd] = kind.is_null().to_numpy() & good
    found.planned[odd] = (kind == "plan").fill_null(value=False).to_numpy() & good
