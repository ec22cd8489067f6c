"""A block of text as numbers: where its lines are, what they begin with, and slices of it as columns without copying."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

__all__ = ["Buffer", "Ints"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_PAD = b"\0" * 40
_NEWLINE, _RETURN = 10, 13
_BLANKS = np.zeros(256, dtype=np.bool_)
_BLANKS[[9, 10, 11, 12, 13, 32]] = True
_POWERS = 10 ** np.arange(20, dtype=np.int64)


class Buffer:
    r"""A block of lines in UTF-8; bytes that are none are replaced.

    Examples
    --------
    >>> block = Buffer(b"one\ntwo 22\n")
    >>> block.text(block.starts, block.ends).to_list()
    ['one', 'two 22']
    >>> block.digits(block.starts + 4, 2).tolist()
    [-1, 22]
    """

    def __init__(self, data: bytes) -> None:
        try:
            data.decode()
        except UnicodeDecodeError:
            data = data.decode("utf-8", "replace").encode()
        self.data = data
        self.size = len(data)
        self._padded = data + _PAD
        self.bytes = np.frombuffer(self._padded, dtype=np.uint8)

    @cached_property
    def _newlines(self) -> Ints:
        found = np.flatnonzero(self.bytes[: self.size] == _NEWLINE)
        return found if self.size and self.data.endswith(b"\n") else np.append(found, self.size)

    @cached_property
    def starts(self) -> Ints:
        """Where each line begins."""
        if not self.size:
            return np.empty(0, dtype=np.int64)
        return np.concatenate(([0], self._newlines[:-1] + 1))

    @cached_property
    def ends(self) -> Ints:
        """Where each line ends, its line end left out."""
        if not self.size:
            return np.empty(0, dtype=np.int64)
        ends = self._newlines
        crlf = self.bytes[ends - 1] == _RETURN
        return np.maximum(np.where(crlf, ends - 1, ends), self.starts) if crlf.any() else ends

    def begins(self, at: Ints, literal: bytes) -> Mask:
        """Say for each position whether `literal` (of at most 40 bytes) stands there."""
        matched = np.ones(len(at), dtype=np.bool_)
        if not len(at):
            return matched
        places = np.flatnonzero(self.bytes[at] == literal[0])
        for offset in range(1, len(literal)):
            places = places[self.bytes[at[places] + offset] == literal[offset]]
        matched[:] = False
        matched[places] = True
        return matched

    def digits(self, at: Ints, count: int) -> Ints:
        """Return the number of `count` digits at each position, -1 where something else stands there."""
        value = np.zeros(len(at), dtype=np.int64)
        bad = np.zeros(len(at), dtype=np.bool_)
        for offset in range(count):
            digit = self.bytes[at + offset].astype(np.int64) - 48
            bad |= (digit < 0) | (digit > 9)
            value = value * 10 + digit
        return np.where(bad, -1, value)

    def trimmed(self, starts: Ints, ends: Ints) -> Ints:
        """Return ends moved left over white space."""
        ends = ends.copy()
        rest = np.flatnonzero((ends > starts) & _BLANKS[self.bytes[ends - 1]])
        while len(rest):
            ends[rest] -= 1
            rest = rest[(ends[rest] > starts[rest]) & _BLANKS[self.bytes[ends[rest] - 1]]]
        return ends

    def text(self, starts: Ints, ends: Ints) -> pl.Series:
        """Return slices as a column of text that points into the block."""
        count = len(starts)
        views = np.zeros((count, 16), dtype=np.uint8)
        words = views.view(np.int32)
        lengths = np.maximum(ends - starts, 0)
        words[:, 0] = lengths
        short = lengths <= 12
        for offset in range(12):
            if offset < 4:
                views[:, 4 + offset] = np.where(lengths > offset, self.bytes[starts + offset], 0)
            else:
                places = np.flatnonzero(short & (lengths > offset))
                if not len(places):
                    break
                views[places, 4 + offset] = self.bytes[starts[places] + offset]
        words[~short, 3] = starts[~short]
        buffers = [None, pa.py_buffer(views), pa.py_buffer(self._padded)]
        series = pl.from_arrow(pa.Array.from_buffers(pa.string_view(), count, buffers))
        assert isinstance(series, pl.Series)  # noqa: S101  (from_arrow of an array is a series)
        return series

    def heads(self, starts: Ints, ends: Ints, most: int) -> pl.Series:
        """Return the beginnings of slices: at most so many bytes, no character cut in two."""
        cut = np.minimum(ends, starts + most)
        for _ in range(3):
            inside = (cut < ends) & ((self.bytes[cut] & 0xC0) == 0x80)
            if not inside.any():
                break
            cut = cut - inside
        return self.text(starts, cut)

    @classmethod
    def of(cls, column: pl.Series) -> tuple[Buffer, Ints, Ints]:
        """Return a column of text as one block, and where each text begins and ends; null is empty."""
        array = column.fill_null("").to_arrow()
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        array = array.cast(pa.large_string())
        _, offsets, data = array.buffers()
        bounds = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
        block = cls(data.to_pybytes() if data is not None else b"")
        return block, bounds[:-1], bounds[1:]

    def one(self, start: int, end: int) -> str:
        """Return one slice."""
        return self.data[start:end].decode()
