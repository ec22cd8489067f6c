"""A block of text as numbers: where its lines are, what they begin with, and slices of it as columns without copying.

Positions are looked at eight bytes at a time, each eight as one number whose lowest byte comes first.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rca.ingest.queries.words import Words, digit_count, ones, whole_number

__all__ = ["PAD", "Buffer", "Ints", "Mask"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
PAD = 56
"""Zero bytes behind a block: what is looked at from its last byte on stays inside."""
_NEWLINE, _RETURN = 10, 13
_BLANKS = np.zeros(256, dtype=np.bool_)
_BLANKS[[9, 10, 11, 12, 13, 32]] = True


class Buffer:
    r"""A block of lines in UTF-8; bytes that are none are replaced.

    Parameters
    ----------
    data
        The lines.
    size
        How many bytes of `data` they are, where ``PAD`` zero bytes follow them already and it need not be copied; it must
        not be written to any more then.

    Examples
    --------
    >>> block = Buffer(b"one\ntwo 22\n")
    >>> block.text(block.starts, block.ends).to_list()
    ['one', 'two 22']
    >>> block.digits(block.starts + 4, 2).tolist()
    [-1, 22]
    """

    def __init__(self, data: bytes | bytearray, size: int | None = None) -> None:
        if not _is_text(data, len(data) if size is None else size):
            data, size = data[:size].decode("utf-8", "replace").encode(), None
        self.size = len(data) if size is None else size
        self._padded = data + bytes(PAD) if size is None else data
        self.bytes = np.frombuffer(self._padded, dtype=np.uint8)
        self._words: Words = np.ndarray((len(self._padded) - 7,), dtype="<u8", buffer=self._padded, strides=(1,))

    @property
    def arrow(self) -> pa.Buffer:
        """The block as bytes that Arrow reads."""
        return pa.py_buffer(self._padded).slice(0, self.size)

    def __contains__(self, text: bytes) -> bool:
        """Whether some text occurs in the block."""
        return self.find(text) >= 0

    def find(self, text: bytes, start: int = 0, end: int | None = None) -> int:
        """Return where some text occurs first between two places, -1 where it does not."""
        return self._padded.find(text, start, self.size if end is None else end)

    def rfind(self, text: bytes, start: int = 0, end: int | None = None) -> int:
        """Return where some text occurs last between two places, -1 where it does not."""
        return self._padded.rfind(text, start, self.size if end is None else end)

    def count(self, text: bytes, start: int = 0, end: int | None = None) -> int:
        """Return how often some text occurs between two places."""
        return self._padded.count(text, start, self.size if end is None else end)

    def raw(self, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes between two places."""
        return bytes(self._padded[start : self.size if end is None else end])

    @cached_property
    def _newlines(self) -> Ints:
        found = np.flatnonzero(self.bytes[: self.size] == _NEWLINE)
        return found if self.size and self.bytes[self.size - 1] == _NEWLINE else np.append(found, self.size)

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

    def words(self, at: Ints) -> Words:
        """Return the eight bytes from each position as one number, the first byte lowest."""
        return self._words[at]

    def begins(self, at: Ints, literal: bytes) -> Mask:
        """Say for each position whether `literal` (of at most 40 bytes) stands there."""
        matched = self._same(at, literal[:8])
        if len(literal) > 8 and matched.any():
            places = np.flatnonzero(matched)
            for offset in range(8, len(literal), 8):
                places = places[self._same(at[places] + offset, literal[offset : offset + 8])]
            matched[:] = False
            matched[places] = True
        return matched

    def _same(self, at: Ints, literal: bytes) -> Mask:
        wanted = np.uint64(int.from_bytes(literal, "little"))
        same: Mask = (self._words[at] & ones(8 * len(literal))) == wanted
        return same

    def digits(self, at: Ints, count: int) -> Ints:
        """Return the number of `count` digits (at most 16) at each position, -1 where something else stands there."""
        value = np.zeros(len(at), dtype=np.int64)
        good = np.ones(len(at), dtype=np.bool_)
        for offset in range(0, count, 8):
            length = min(8, count - offset)
            word = self._words[at + offset]
            good &= digit_count(word) >= length
            value = value * 10**length + whole_number(word, length)
        return np.where(good, value, -1)

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
        views = np.empty((count, 2), dtype=np.uint64)
        lengths = np.maximum(ends - starts, 0)
        first, second = self._words[starts], self._words[starts + 4]
        held = np.minimum(lengths, 12)
        views[:, 0] = lengths.astype(np.uint64) | (first & ones(8 * np.minimum(held, 4))) << np.uint64(32)
        inline = second & ones(8 * np.maximum(held - 4, 0))
        views[:, 1] = np.where(lengths > 12, starts.astype(np.uint64) << np.uint64(32), inline)
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
        return self._padded[start:end].decode()


def _is_text(data: bytes | bytearray, size: int) -> bool:
    """Whether the first bytes of some are UTF-8, without making text of them."""
    offsets = np.array([0, size], dtype=np.int64)
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
