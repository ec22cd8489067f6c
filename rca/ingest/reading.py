"""Reading one input into a sink: what is the same whether this process reads it or one beside it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rca.errors import FormatError, RcaError
from rca.ingest.contract import Format, Sample
from rca.ingest.sink import TableSink
from rca.ingest.source import Source

__all__ = ["Outcome", "beginning", "read_into"]

_BREAKS = (
    UnicodeError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    RecursionError,
    ArithmeticError,
    csv.Error,
    pa.ArrowException,
    pl.exceptions.PolarsError,
)
"""What content that no reader expected makes of a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What reading an input came to, beside the rows."""

    kept: int
    duplicates: int
    quarantined: int
    amendments: Mapping[tuple[str, str], Mapping[str, str]]
    """New values by old, by table and column: what the reader learned too late."""
    key_hashes: Mapping[str, npt.NDArray[np.uint64]]
    """Hashes of the keys of the rows, by table: they say cheaply whether any can be there twice."""
    notes: tuple[str, ...]
    """What to tell the user."""
    damaged: bool
    """Whether the container was cut or broken."""
    flags: bool
    """Whether there may be evaluations of feature flags."""

    @property
    def read(self) -> int:
        """Records read."""
        return self.kept + self.duplicates + self.quarantined


def beginning(source: Source) -> Sample | None:
    """Return the beginning of the input, or None where there is nothing in it.

    Raises
    ------
    FormatError
        When the input has bytes, but they unpack to nothing.
    """
    head, complete = source.head()
    if head.strip():
        return Sample(source.name, head, complete, source.path)
    if source.warnings or (source.size and not head):
        reason = source.warnings[0] if source.warnings else f"{source.size:,} bytes that unpack to nothing"
        raise FormatError(f"{source.path} is empty ({reason}).")
    return None


def read_into(reader: Format, source: Source, sink: TableSink) -> Outcome:
    """Read all of an input.

    Raises
    ------
    FormatError
        When the content breaks the reader.
    """
    try:
        reader.read(source, sink)
    except RcaError:
        raise
    except _BREAKS as error:
        raise FormatError(
            f"{source.path} was taken for {reader.title}, but its content breaks the reader: {type(error).__name__}: {error}"
        ) from error
    sink.finish()
    return Outcome(
        kept=sink.kept,
        duplicates=sink.duplicates,
        quarantined=sink.quarantined,
        amendments=sink.amendments,
        key_hashes={name: np.concatenate(parts) for name, parts in sink.key_hashes.items()},
        notes=(*source.warnings, *sink.context.notes),
        damaged=bool(source.warnings),
        flags=sink.flags,
    )
