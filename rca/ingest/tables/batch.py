"""Some rows of a table, seen as columns of text or as records, with the place where each begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rca.ingest.contract import Sink
from rca.ingest.exact import flatten, text_of

__all__ = ["Batch", "Builder", "Numbers", "attribute_maps", "text_maps"]

_PLACE = "\0place"


@dataclass
class Batch:
    """Rows of one table. Give `columns` or `rows`; the other is made when it is asked for."""

    offsets: Sequence[int] | npt.NDArray[np.int64] | None
    """Byte at which each row begins; None where the container has no bytes a row (Parquet)."""
    columns: pl.DataFrame | None = None
    rows: list[dict[str, Any]] | None = None
    envelope: Mapping[str, Any] = field(default_factory=dict)
    """What stands around the rows: fields of the object that holds the list."""

    def __len__(self) -> int:
        if self.columns is not None:
            return len(self.columns)
        return len(self.rows or [])

    @cached_property
    def frame(self) -> pl.DataFrame:
        """Every column as text; null where a row has no such field."""
        if self.columns is not None:
            return self.columns
        rows = [flatten(row) for row in self.rows or []]
        names = list(dict.fromkeys(name for row in rows for name in row))
        data = {name: [None if (value := row.get(name)) is None else text_of(value) for row in rows] for name in names}
        return pl.DataFrame(data, schema=dict.fromkeys(names, pl.String))

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """One dictionary a row, absent cells left out."""
        if self.rows is not None:
            return self.rows
        assert self.columns is not None  # noqa: S101  (one of both is given)
        return [{name: value for name, value in row.items() if value is not None} for row in self.columns.to_dicts()]

    def offset(self, at: int) -> int | None:
        """Return the byte at which a row begins."""
        return int(self.offsets[at]) if self.offsets is not None else None

    def excerpt(self, at: int) -> str:
        """Return a row as text, for the quarantine."""
        if self.rows is not None:
            return text_of(self.rows[at])
        assert self.columns is not None  # noqa: S101
        return ",".join("" if value is None else str(value) for value in self.columns.row(at))


class Builder(Protocol):
    """Makes canonical rows of the batches of one table."""

    def add(self, batch: Batch) -> None:
        """Take a batch."""

    def finish(self) -> None:
        """Write what was held back."""


class Numbers:
    """Record numbers of one batch: rows and quarantined ones in the order of the input."""

    def __init__(self, sink: Sink, count: int) -> None:
        self._sink, self._first = sink, sink.reserve(count)

    def of(self, places: Sequence[int] | np.ndarray[Any, Any]) -> pa.Array:
        """Return the numbers of the records at these places."""
        return pa.array(np.asarray(places, dtype=np.int64) + self._first)

    def at(self, place: int) -> int:
        """Return the number of one record."""
        return self._first + int(place)


def attribute_maps(pairs: Sequence[Sequence[tuple[str, str]]], which: Sequence[int] | np.ndarray[Any, Any]) -> pa.Array:
    """Return a column of maps: `which` of the `pairs` each row has. Distinct maps are built once, and shared."""
    unique = pa.array([list(dict(item).items()) for item in pairs], pa.map_(pa.string(), pa.string()))
    return pa.DictionaryArray.from_arrays(pa.array(np.asarray(which, dtype=np.int32)), unique)


def text_maps(frame: pl.DataFrame, names: Sequence[str]) -> pa.Array | None:
    """Return the columns `names` of each row as one column of maps without absent cells; None where there are none."""
    if not names or not len(frame):
        return None
    labels = frame.select(names)
    distinct = labels.unique(maintain_order=True)
    which = labels.join(
        distinct.with_row_index(_PLACE), on=list(names), how="left", nulls_equal=True, maintain_order="left"
    )[_PLACE]
    pairs = [[(name, value) for name, value in row.items() if value is not None] for row in distinct.to_dicts()]
    return attribute_maps(pairs, which.to_numpy())
